import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../../problem.js'
import { AcceptedSchema } from '../../../schemas/release.js'
import { IdempotencyHeader, ReleaseTargetParams } from '../../../schemas/parts.js'
import { TargetCommandBody, askOf } from '../command.js'

/** POST /releases/:id/targets/:target/retry: the jobs of a stage once more on one target. */
export const retryTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/targets/:target/retry', {
    config: { role: 'deployer' },
    schema: { operationId: 'retryReleaseTarget', summary: 'Run a stage on one target again', tags: ['releases'], params: ReleaseTargetParams, headers: IdempotencyHeader, body: TargetCommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.retryTarget(askOf(request), { ...request.body, target: request.params.target }))
}
