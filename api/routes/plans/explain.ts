import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { CheckPlan } from '../../plans.js'
import { Explanation } from '../../schemas/explanation.js'

/** POST /plans/explain: what a plan would do. Nothing is stored or started. */
export const explainPlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/plans/explain', {
    config: { role: 'viewer' },
    schema: { operationId: 'explainPlan', summary: 'What a plan would do', tags: ['plans'], body: CheckPlan, response: { 200: Explanation, ...problems(400, 404, 413, 422) } },
  }, async (request) => app.services.plans.explain(request.user.tenant, request.body))
}
