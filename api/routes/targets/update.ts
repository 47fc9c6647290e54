import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TargetChange, TargetInfo } from '../../targets.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** PUT /targets/:id: what is left out stays; `config` is replaced as a whole. */
export const updateTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/targets/:id', {
    config: { role: 'deployer' },
    schema: { operationId: 'updateTarget', summary: 'Change a target', tags: ['targets'], params: ReleaseParams, body: TargetChange, response: { 200: TargetInfo, ...problems(400, 404, 409) } },
  }, async (request) => app.services.targets.update(request.user, request.params.id, request.body))
}
