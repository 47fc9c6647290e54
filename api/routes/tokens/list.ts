import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { TokenInfo } from '../../tokens.js'

/** GET /tokens: all of the tenant, revoked ones too; never their text. */
export const listTokensRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/tokens', {
    config: { role: 'admin' },
    schema: { operationId: 'listTokens', summary: 'Tokens', tags: ['tokens'], response: { 200: Type.Object({ items: Type.Array(TokenInfo) }), ...problems() } },
  }, async (request) => app.services.tokens.list(request.user.tenant))
}
