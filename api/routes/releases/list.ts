import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { STATUSES } from '../../../domain/release.js'
import { problems } from '../../problem.js'
import { ReleasePage } from '../../schemas/release.js'
import { Moment, Page, Tag, oneOf, strict } from '../../schemas/parts.js'

const Query = Type.Object({
  ...Page, status: Type.Optional(oneOf(STATUSES)), project: Type.Optional(Tag), environment: Type.Optional(Tag), version: Type.Optional(Tag),
  planName: Type.Optional(Tag), requestedBy: Type.Optional(Tag), since: Type.Optional(Moment), until: Type.Optional(Moment),
}, strict)

/** GET /releases: newest first. */
export const listReleasesRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases', {
    config: { role: 'viewer' },
    schema: { operationId: 'listReleases', summary: 'Releases, newest first', tags: ['releases'], querystring: Query, response: { 200: ReleasePage, ...problems(400) } },
  }, async (request) => app.services.reads.list(request.user.tenant, request.query))
}
