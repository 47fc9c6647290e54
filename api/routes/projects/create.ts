import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { NewProject, ProjectInfo } from '../../projects.js'

/** POST /projects: a service that is released. */
export const createProjectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/projects', {
    config: { role: 'deployer' },
    schema: { operationId: 'createProject', summary: 'Make a project', tags: ['projects'], body: NewProject, response: { 201: ProjectInfo, ...problems(400, 409) } },
  }, async (request, reply) => reply.code(201).send(await app.services.projects.create(request.user, request.body)))
}
