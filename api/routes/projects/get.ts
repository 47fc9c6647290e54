import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ProjectInfo } from '../../projects.js'
import { NameParams } from '../../schemas/parts.js'

/** GET /projects/:name: by its name or its id. */
export const getProjectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/projects/:name', {
    config: { role: 'viewer' },
    schema: { operationId: 'getProject', summary: 'A project', tags: ['projects'], params: NameParams, response: { 200: ProjectInfo, ...problems(404) } },
  }, async (request) => app.services.projects.get(request.user.tenant, request.params.name))
}
