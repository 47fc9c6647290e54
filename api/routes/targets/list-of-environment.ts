import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TargetPage, TargetQuery } from '../../targets.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** GET /environments/:id/targets: of one environment, by name. */
export const listEnvironmentTargetsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/environments/:id/targets', {
    config: { role: 'viewer' },
    schema: { operationId: 'listEnvironmentTargets', summary: 'Targets of an environment', tags: ['targets'], params: ReleaseParams, querystring: TargetQuery, response: { 200: TargetPage, ...problems(400, 404) } },
  }, async (request) => app.services.targets.list(request.user.tenant, request.query, request.params.id))
}
