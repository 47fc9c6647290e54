import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { NameParams } from '../../schemas/parts.js'

/** DELETE /projects/:name: refused while it has environments. */
export const deleteProjectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/projects/:name', {
    config: { role: 'admin' },
    schema: { operationId: 'deleteProject', summary: 'Delete a project', tags: ['projects'], params: NameParams, response: { 204: Type.Null(), ...problems(404, 409) } },
  }, async (request, reply) => {
    await app.services.projects.delete(request.user, request.params.name)
    return reply.code(204).send(null)
  })
}
