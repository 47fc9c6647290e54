import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../../problem.js'
import { AcceptedSchema } from '../../../schemas/release.js'
import { IdempotencyHeader, ReleaseTargetParams } from '../../../schemas/parts.js'
import { TargetCommandBody, askOf } from '../command.js'

/** POST /releases/:id/targets/:target/uninstall: what the jobs of a stage install is taken off one target. */
export const uninstallTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases/:id/targets/:target/uninstall', {
    config: { role: 'deployer' },
    schema: { operationId: 'uninstallReleaseTarget', summary: 'Take off one target what a stage installs', tags: ['releases'], params: ReleaseTargetParams, headers: IdempotencyHeader, body: TargetCommandBody, response: { 200: AcceptedSchema, ...problems(400, 404, 409, 504) } },
  }, async (request) => app.services.commands.uninstallTarget(askOf(request), { ...request.body, target: request.params.target }))
}
