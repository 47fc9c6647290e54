import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ProjectChange, ProjectInfo } from '../../projects.js'
import { NameParams } from '../../schemas/parts.js'

/** PUT /projects/:name: what is left out stays. */
export const updateProjectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/projects/:name', {
    config: { role: 'deployer' },
    schema: { operationId: 'updateProject', summary: 'Change a project', tags: ['projects'], params: NameParams, body: ProjectChange, response: { 200: ProjectInfo, ...problems(400, 404, 409) } },
  }, async (request) => app.services.projects.update(request.user, request.params.name, request.body))
}
