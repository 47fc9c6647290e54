import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ApprovalSchema } from '../../schemas/release-view.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { DecisionBody, askOf } from './command.js'

/** POST /releases/:id/approve: say yes to a pending approval. */
export const approveRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/approve', {
    config: { role: 'approver' },
    schema: { operationId: 'approveRelease', summary: 'Say yes to a pending approval', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: DecisionBody, response: { 200: ApprovalSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.decide(askOf(request), 'approve', request.body))
}
