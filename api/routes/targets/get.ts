import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TargetInfo } from '../../targets.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** GET /targets/:id. */
export const getTargetRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/targets/:id', {
    config: { role: 'viewer' },
    schema: { operationId: 'getTarget', summary: 'A target', tags: ['targets'], params: ReleaseParams, response: { 200: TargetInfo, ...problems(404) } },
  }, async (request) => app.services.targets.get(request.user.tenant, request.params.id))
}
