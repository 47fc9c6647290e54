import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { CommandBody, askOf } from './command.js'

/** POST /releases/:id/pause: stop before the next step; a hold keeps what remains of it. */
export const pauseRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/pause', {
    config: { role: 'deployer' },
    schema: { operationId: 'pauseRelease', summary: 'Stop before the next step; a hold keeps what remains of it', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: CommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.pause(askOf(request), request.body))
}
