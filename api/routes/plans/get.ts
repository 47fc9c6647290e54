import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { PlanDetail } from '../../plans.js'
import { NameParams, strict } from '../../schemas/parts.js'

const Query = Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }, strict)

/** GET /plans/:name: one version with its files; the newest when none is named. */
export const getPlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/plans/:name', {
    config: { role: 'viewer' },
    schema: { operationId: 'getPlan', summary: 'A stored plan with its files', tags: ['plans'], params: NameParams, querystring: Query, response: { 200: PlanDetail, ...problems(400, 404) } },
  }, async (request) => app.services.plans.get(request.user.tenant, request.params.name, request.query.version ?? null))
}
