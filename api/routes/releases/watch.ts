import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { readPlace } from '../../release-watch.js'
import { ReleaseParams, strict } from '../../schemas/parts.js'

const description = `Server-sent events: \`release\` (one entry of the journal; its \`id\` is where to go on), with \`logs=1\` also \`log\`, at last \`end\` with \`{status, reason}\`, after which
the connection closes: do not reconnect. After a lost connection send \`Last-Event-ID\`, or \`after\`, and miss nothing.`
const Query = Type.Object({
  logs: Type.Optional(Type.Unsafe<'0' | '1'>(Type.Enum(['0', '1'], { type: 'string' }))),
  after: Type.Optional(Type.String({ maxLength: 50, description: 'as the header Last-Event-ID' })),
}, strict)
const Headers = Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 50 })) })

/** GET /releases/:id/watch: the journal as it is written. */
export const watchReleaseRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id/watch', {
    config: { role: 'viewer' },
    schema: {
      operationId: 'watchRelease', summary: 'Follow a release', description, tags: ['releases'], params: ReleaseParams, querystring: Query, headers: Headers, produces: ['text/event-stream'],
      response: { 200: Type.String({ description: 'text/event-stream' }), ...problems(400, 404) },
    },
  }, async ({ user, params: { id }, query, headers }, reply) => {
    await app.services.reads.row(user.tenant, id)
    const stream = app.services.watch.stream(user.tenant, id, readPlace(headers['last-event-id'] ?? query.after), query.logs === '1')
    return reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store').header('x-accel-buffering', 'no').header('connection', 'close').send(stream as never)
  })
}
