import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TargetStatus } from '../../targets.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** GET /targets/:id/status: its health as it last told, and what is installed on it. */
export const targetStatusRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/targets/:id/status', {
    config: { role: 'viewer' },
    schema: { operationId: 'getTargetStatus', summary: 'How a target is', tags: ['targets'], params: ReleaseParams, response: { 200: TargetStatus, ...problems(404) } },
  }, async (request) => app.services.targets.status(request.user.tenant, request.params.id))
}
