import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { EnvironmentPage } from '../../environments.js'
import { Page, Tag, strict } from '../../schemas/parts.js'

/** GET /environments: of all projects, or of one. */
export const listEnvironmentsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/environments', {
    config: { role: 'viewer' },
    schema: { operationId: 'listEnvironments', summary: 'Environments by name', tags: ['environments'], querystring: Type.Object({ ...Page, project: Type.Optional(Tag), name: Type.Optional(Tag) }, strict), response: { 200: EnvironmentPage, ...problems(400, 404) } },
  }, async ({ user, query: { project, ...query } }) => app.services.environments.list(user.tenant, project, query))
}
