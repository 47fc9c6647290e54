import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TargetPage, TargetQuery } from '../../targets.js'

/** GET /targets: by name; labels, place, type and status narrow it. */
export const listTargetsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/targets', {
    config: { role: 'viewer' },
    schema: { operationId: 'listTargets', summary: 'Targets by name', tags: ['targets'], querystring: TargetQuery, response: { 200: TargetPage, ...problems(400) } },
  }, async (request) => app.services.targets.list(request.user.tenant, request.query))
}
