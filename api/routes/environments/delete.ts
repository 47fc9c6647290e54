import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** DELETE /environments/:id: refused while it has targets. */
export const deleteEnvironmentRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/environments/:id', {
    config: { role: 'admin' },
    schema: { operationId: 'deleteEnvironment', summary: 'Delete an environment', tags: ['environments'], params: ReleaseParams, response: { 204: Type.Null(), ...problems(404, 409) } },
  }, async (request, reply) => {
    await app.services.environments.delete(request.user, request.params.id)
    return reply.code(204).send(null)
  })
}
