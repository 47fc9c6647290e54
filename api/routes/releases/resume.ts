import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { CommandBody, askOf } from './command.js'

/** POST /releases/:id/resume: go on after a pause. */
export const resumeRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/resume', {
    config: { role: 'deployer' },
    schema: { operationId: 'resumeRelease', summary: 'Go on after a pause', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: CommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.resume(askOf(request), request.body))
}
