import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AnyJson, TextOrNull } from '../../schemas/parts.js'

const Plugin = Type.Object({
  name: Type.String(), type: Type.String({ description: 'what a job of it writes as type' }), version: Type.String(), description: Type.String(), source: Type.String(), integrity: Type.String({ description: 'sha512 of its files as they were installed' }),
  installedAt: Type.String(), defaultTimeout: Type.String(), parts: Type.Array(Type.String()), configSchema: AnyJson,
  good: Type.Boolean({ description: 'are its files as they were installed' }), problem: TextOrNull,
})

/** GET /plugins and GET /plugins/:name: what is installed, and whether it is still what was installed. */
export const listPluginsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/plugins', {
    config: { role: 'viewer' },
    schema: { operationId: 'listPlugins', summary: 'Plugins that are installed', tags: ['system'], response: { 200: Type.Object({ items: Type.Array(Plugin) }), ...problems() } },
  }, async () => ({ items: await app.services.plugins.list() }))
  app.get('/plugins/:name', {
    config: { role: 'viewer' },
    schema: { operationId: 'getPlugin', summary: 'One plugin', tags: ['system'], params: Type.Object({ name: Type.String() }), response: { 200: Plugin, ...problems(404) } },
  }, async (request) => app.services.plugins.get(request.params.name))
}
