import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams, strict } from '../../schemas/parts.js'
import { ReleaseEventSchema } from '../../schemas/release.js'

const Query = Type.Object({
  after: Type.Integer({ minimum: 0, default: 0, description: '`next` of the answer before' }),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 500 }),
}, strict)

/** GET /releases/:id/events: the journal, oldest first. */
export const releaseEventsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id/events', {
    config: { role: 'viewer' },
    schema: {
      operationId: 'listReleaseEvents', summary: 'The journal of a release, oldest first', tags: ['releases'], params: ReleaseParams, querystring: Query,
      response: { 200: Type.Object({ items: Type.Array(ReleaseEventSchema), next: Type.Integer() }), ...problems(400, 404) },
    },
  }, async (request) => app.services.reads.events(request.user.tenant, request.params.id, request.query.after, request.query.limit))
}
