import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { AcceptedSchema } from '../../schemas/release.js'
import { IdempotencyHeader, ReleaseParams } from '../../schemas/parts.js'
import { JobCommandBody, askOf } from './command.js'

/** POST /releases/:id/retry: try a failed job again, or what an ended release left half-way. */
export const retryRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/retry', {
    config: { role: 'deployer' },
    schema: { operationId: 'retryRelease', summary: 'Try a failed job again, or what an ended release left half-way', tags: ['releases'], params: ReleaseParams, headers: IdempotencyHeader, body: JobCommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.retry(askOf(request), request.body))
}
