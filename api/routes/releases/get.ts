import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams } from '../../schemas/parts.js'
import { ReleaseDetail } from '../../schemas/release-view.js'

/** GET /releases/:id: everything there is to see of one release, asked of its workflow while it runs. */
export const getReleaseRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id', {
    config: { role: 'viewer' },
    schema: { operationId: 'getRelease', summary: 'One release', tags: ['releases'], params: ReleaseParams, response: { 200: ReleaseDetail, ...problems(404) } },
  }, async (request) => app.services.reads.get(request.user.tenant, request.params.id))
}
