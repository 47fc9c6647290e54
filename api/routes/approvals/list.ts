import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ApprovalPage } from '../../approval-list.js'
import { Page, oneOf, strict } from '../../schemas/parts.js'

const Query = Type.Object({ ...Page, status: Type.Optional(oneOf(['pending', 'approved', 'rejected', 'expired', 'skipped'])) }, strict)

/** GET /approvals: of all releases, the longest waiting first. */
export const listApprovalsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/approvals', {
    config: { role: 'viewer' },
    schema: { operationId: 'listApprovals', summary: 'Approvals of all releases', tags: ['approvals'], querystring: Query, response: { 200: ApprovalPage, ...problems(400) } },
  }, async (request) => app.services.approvals.list(request.user.tenant, request.query))
}
