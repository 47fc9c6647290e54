import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { PlanPage } from '../../plans.js'
import { Page, strict } from '../../schemas/parts.js'

/** GET /plans: the newest version of each, by name. */
export const listPlansRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/plans', {
    config: { role: 'viewer' },
    schema: { operationId: 'listPlans', summary: 'Stored plans, the newest version of each', tags: ['plans'], querystring: Type.Object(Page, strict), response: { 200: PlanPage, ...problems(400) } },
  }, async (request) => app.services.plans.list(request.user.tenant, request.query))
}
