import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { CheckPlan, Validity } from '../../plans.js'

/** POST /plans/validate: every issue of a plan, with its place. Nothing is stored. */
export const validatePlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/plans/validate', {
    config: { role: 'viewer' },
    schema: { operationId: 'validatePlan', summary: 'Check a plan', tags: ['plans'], body: CheckPlan, response: { 200: Validity, ...problems(400, 404, 413) } },
  }, async (request) => app.services.plans.validate(request.user.tenant, request.body))
}
