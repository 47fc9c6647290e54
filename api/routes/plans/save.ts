import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { PlanInfo, SavePlan } from '../../plans.js'

/** POST /plans: store a plan under the name in its metadata; 200 when the newest version is the same. */
export const savePlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/plans', {
    config: { role: 'deployer' },
    schema: {
      operationId: 'savePlan', summary: 'Store a version of a plan', tags: ['plans'], body: SavePlan,
      response: { 200: PlanInfo, 201: PlanInfo, ...problems(400, 404, 413, 422) },
    },
  }, async (request, reply) => {
    const { plan, isNew } = await app.services.plans.save(request.user, request.body)
    return reply.code(isNew ? 201 : 200).header('location', `${app.prefix}/plans/${encodeURIComponent(plan.name)}`).send(plan)
  })
}
