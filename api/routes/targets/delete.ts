import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** DELETE /targets/:id: releases that ran on it keep what they know of it. */
export const deleteTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/targets/:id', {
    config: { role: 'admin' },
    schema: { operationId: 'deleteTarget', summary: 'Remove a target', tags: ['targets'], params: ReleaseParams, response: { 204: Type.Null(), ...problems(404, 409) } },
  }, async (request, reply) => {
    await app.services.targets.delete(request.user, request.params.id)
    return reply.code(204).send(null)
  })
}
