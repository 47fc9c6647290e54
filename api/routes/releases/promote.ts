import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { PromoteBody, askOf } from './command.js'

/** POST /releases/:id/promote: skip the rest of a hold, or go to 100 % now. */
export const promoteRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/promote', {
    config: { role: 'deployer' },
    schema: { operationId: 'promoteRelease', summary: 'Skip the rest of a hold, or go to 100 % now', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: PromoteBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.promote(askOf(request), request.body))
}
