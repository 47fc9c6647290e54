import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { NewTarget, TargetInfo } from '../../targets.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** POST /environments/:id/targets: secrets written out in its config are sealed. */
export const createTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/environments/:id/targets', {
    config: { role: 'deployer' },
    schema: { operationId: 'createTarget', summary: 'Add a target', tags: ['targets'], params: ReleaseParams, body: NewTarget, response: { 201: TargetInfo, ...problems(400, 404, 409) } },
  }, async (request, reply) => reply.code(201).send(await app.services.targets.create(request.user, request.params.id, request.body)))
}
