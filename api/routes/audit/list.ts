import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AuditPage } from '../../audit-list.js'
import { Page, Tag, strict } from '../../schemas/parts.js'

const Query = Type.Object({ ...Page, who: Type.Optional(Tag), action: Type.Optional(Tag), what: Type.Optional(Tag) }, strict)

/** GET /audit: who did what, newest first. */
export const listAuditRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/audit', {
    config: { role: 'admin' },
    schema: { operationId: 'listAudit', summary: 'Who did what', tags: ['audit'], querystring: Query, response: { 200: AuditPage, ...problems(400) } },
  }, async (request) => app.services.audit.list(request.user.tenant, request.query))
}
