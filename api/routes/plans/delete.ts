import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { NameParams } from '../../schemas/parts.js'

/** DELETE /plans/:name: all versions; releases made from them keep theirs. */
export const deletePlanRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/plans/:name', {
    config: { role: 'deployer' },
    schema: { operationId: 'deletePlan', summary: 'Delete a stored plan', tags: ['plans'], params: NameParams, response: { 204: Type.Null(), ...problems(404) } },
  }, async (request, reply) => {
    await app.services.plans.delete(request.user, request.params.name)
    return reply.code(204).send(null)
  })
}
