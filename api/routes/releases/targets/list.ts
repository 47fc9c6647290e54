import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../../problem.js'
import { TargetRunPage, TargetRunQuery } from '../../../release-targets.js'
import { ReleaseParams } from '../../../schemas/parts.js'

/** GET /releases/:id/targets: each target with its jobs, in the order they are taken. */
export const releaseTargetsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id/targets', {
    config: { role: 'viewer' },
    schema: { operationId: 'listReleaseTargets', summary: 'The targets of a release, each with its jobs', tags: ['releases'], params: ReleaseParams, querystring: TargetRunQuery, response: { 200: TargetRunPage, ...problems(400, 404) } },
  }, async (request) => app.services.releaseTargets.list(request.user.tenant, request.params.id, request.query))
}
