import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { EnvironmentInfo, NewEnvironment } from '../../environments.js'
import { NameParams } from '../../schemas/parts.js'

/** POST /projects/:name/environments: where a project is released to. */
export const createEnvironmentRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/projects/:name/environments', {
    config: { role: 'deployer' },
    schema: { operationId: 'createEnvironment', summary: 'Make an environment', tags: ['environments'], params: NameParams, body: NewEnvironment, response: { 201: EnvironmentInfo, ...problems(400, 404, 409) } },
  }, async (request, reply) => reply.code(201).send(await app.services.environments.create(request.user, request.params.name, request.body)))
}
