import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { CommandBody, askOf } from './command.js'

/** POST /releases/:id/rollback: take everything back, of a running release or of one that has ended. */
export const rollbackRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/rollback', {
    config: { role: 'deployer' },
    schema: { operationId: 'rollbackRelease', summary: 'Take everything back, of a running release or of one that has ended', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: CommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.rollback(askOf(request), request.body))
}
