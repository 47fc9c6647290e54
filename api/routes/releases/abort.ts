import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { CommandBody, askOf } from './command.js'

/** POST /releases/:id/abort: stop and take everything back; ends cancelled. */
export const abortRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/abort', {
    config: { role: 'deployer' },
    schema: { operationId: 'abortRelease', summary: 'Stop and take everything back; ends cancelled', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: CommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.abort(askOf(request), request.body))
}
