import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ProjectPage } from '../../projects.js'
import { Page, strict } from '../../schemas/parts.js'

/** GET /projects: by name. */
export const listProjectsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/projects', {
    config: { role: 'viewer' },
    schema: { operationId: 'listProjects', summary: 'Projects by name', tags: ['projects'], querystring: Type.Object(Page, strict), response: { 200: ProjectPage, ...problems(400) } },
  }, async (request) => app.services.projects.list(request.user.tenant, request.query))
}
