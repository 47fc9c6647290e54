import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { EnvironmentPage } from '../../environments.js'
import { NameParams, Page, strict } from '../../schemas/parts.js'

/** GET /projects/:name/environments: of one project, by name. */
export const listProjectEnvironmentsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/projects/:name/environments', {
    config: { role: 'viewer' },
    schema: { operationId: 'listProjectEnvironments', summary: 'Environments of a project', tags: ['environments'], params: NameParams, querystring: Type.Object(Page, strict), response: { 200: EnvironmentPage, ...problems(400, 404) } },
  }, async (request) => app.services.environments.list(request.user.tenant, request.params.name, request.query))
}
