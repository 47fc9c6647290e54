import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams, Tag, strict } from '../../schemas/parts.js'
import { LogLineSchema } from '../../schemas/release.js'

const Query = Type.Object({
  after: Type.Integer({ minimum: 0, default: 0, description: '`next` of the answer before' }),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 500 }),
  job: Type.Optional(Tag),
}, strict)

/** GET /releases/:id/logs: what its jobs printed, in pieces as they came. */
export const releaseLogsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id/logs', {
    config: { role: 'viewer' },
    schema: {
      operationId: 'listReleaseLogs', summary: 'What the jobs of a release printed', tags: ['releases'], params: ReleaseParams, querystring: Query,
      response: { 200: Type.Object({ items: Type.Array(LogLineSchema), next: Type.Integer() }), ...problems(400, 404) },
    },
  }, async (request) => app.services.reads.logs(request.user.tenant, request.params.id, request.query))
}
