import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AnyJson } from '../../schemas/parts.js'
import { planJsonSchema } from '../../../plan/json-schema.js'

/** GET /schema/plan.json: for editors, to complete and check plan files. */
export const planSchemaRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/schema/plan.json', {
    config: { role: 'public' },
    schema: { operationId: 'getPlanSchema', summary: 'JSON Schema of plan files', tags: ['system'], response: { 200: AnyJson } },
  }, async () => planJsonSchema(app.services.plugins.kinds()))
}
