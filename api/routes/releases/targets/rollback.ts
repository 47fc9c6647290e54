import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../../problem.js'
import { AcceptedSchema } from '../../../schemas/release.js'
import { IdempotencyHeader, ReleaseTargetParams } from '../../../schemas/parts.js'
import { TargetCommandBody, askOf } from '../command.js'

/** POST /releases/:id/targets/:target/rollback: one target is taken back while the others go on. */
export const rollbackTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/targets/:target/rollback', {
    config: { role: 'deployer' },
    schema: { operationId: 'rollbackReleaseTarget', summary: 'Take one target back', tags: ['releases'], params: ReleaseTargetParams, headers: IdempotencyHeader, body: TargetCommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.rollbackTarget(askOf(request), { ...request.body, target: request.params.target }))
}
