import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

const Links = Type.Object({ name: Type.String(), docs: Type.String(), openapi: Type.String(), releases: Type.String(), health: Type.String() })

/** GET /: where to go from here. */
export const indexRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { role: 'public' },
    schema: { operationId: 'getIndex', summary: 'Where to go from here', tags: ['system'], response: { 200: Links } },
  }, async () => ({ name: 'releasectl', docs: '/docs', openapi: '/docs/json', releases: `${app.prefix}/releases`, health: `${app.prefix}/health` }))
}
