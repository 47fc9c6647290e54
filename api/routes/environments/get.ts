import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { EnvironmentInfo } from '../../environments.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** GET /environments/:id. */
export const getEnvironmentRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/environments/:id', {
    config: { role: 'viewer' },
    schema: { operationId: 'getEnvironment', summary: 'An environment', tags: ['environments'], params: ReleaseParams, response: { 200: EnvironmentInfo, ...problems(404) } },
  }, async (request) => app.services.environments.get(request.user.tenant, request.params.id))
}
