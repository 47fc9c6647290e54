import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { KINDS } from '../../../plan/kinds/index.js'
import { AnyJson } from '../../schemas/parts.js'

const Kind = Type.Object({
  name: Type.String(), aliases: Type.Array(Type.String()), description: Type.String(), version: Type.String(),
  snapshot: Type.Boolean(), undo: Type.Boolean(), defaultTimeout: Type.String(), schema: AnyJson,
})
const items = Object.values(KINDS).map(({ name, aliases, description, version, snapshot, undo, defaultTimeout, schema }) =>
  ({ name, aliases: [...aliases], description, version, snapshot, undo, defaultTimeout, schema }))

/** GET /kinds: what a job can be, with the schema of its config. */
export const kindsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/kinds', {
    config: { role: 'public' },
    schema: { operationId: 'listKinds', summary: 'Job kinds', tags: ['system'], response: { 200: Type.Object({ items: Type.Array(Kind) }) } },
  }, async () => ({ items }))
}
