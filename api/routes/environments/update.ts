import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { EnvironmentChange, EnvironmentInfo } from '../../environments.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** PUT /environments/:id: what is left out stays. */
export const updateEnvironmentRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/environments/:id', {
    config: { role: 'deployer' },
    schema: { operationId: 'updateEnvironment', summary: 'Change an environment', tags: ['environments'], params: ReleaseParams, body: EnvironmentChange, response: { 200: EnvironmentInfo, ...problems(400, 404, 409) } },
  }, async (request) => app.services.environments.update(request.user, request.params.id, request.body))
}
