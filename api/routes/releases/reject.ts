import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ApprovalSchema } from '../../schemas/release-view.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { DecisionBody, askOf } from './command.js'

/** POST /releases/:id/reject: say no to a pending approval; the release is taken back. */
export const rejectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/reject', {
    config: { role: 'approver' },
    schema: { operationId: 'rejectRelease', summary: 'Say no to a pending approval; the release is taken back', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: DecisionBody, response: { 200: ApprovalSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.decide(askOf(request), 'reject', request.body))
}
