import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TokenInfo } from '../../tokens.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** DELETE /tokens/:id: refused here at once, by other processes within 5 s. */
export const revokeTokenRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/tokens/:id', {
    config: { role: 'admin' },
    schema: { operationId: 'revokeToken', summary: 'Revoke a token', tags: ['tokens'], params: ReleaseParams, response: { 200: TokenInfo, ...problems(404) } },
  }, async (request) => app.services.tokens.revoke(request.user, request.params.id))
}
