import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { CheckStored, Validity } from '../../plans.js'
import { NameParams, strict } from '../../schemas/parts.js'

const Query = Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }, strict)

/** POST /plans/:name/validate: would the stored plan compile for this environment, with these variables? */
export const validateStoredPlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/plans/:name/validate', {
    config: { role: 'viewer' },
    schema: {
      operationId: 'validateStoredPlan', summary: 'Check a stored plan', tags: ['plans'], params: NameParams, querystring: Query, body: CheckStored,
      response: { 200: Validity, ...problems(400, 404) },
    },
  }, async ({ user, params: { name }, query, body }) => app.services.plans.validate(user.tenant, { ...body, plan: { name, ...query } }))
}
