import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { NewToken, TokenInfo } from '../../tokens.js'

/** POST /tokens: its text is in this answer and nowhere else. */
export const createTokenRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/tokens', {
    config: { role: 'admin' },
    schema: {
      operationId: 'createToken', summary: 'Make a token', tags: ['tokens'], body: NewToken,
      response: { 201: Type.Object({ ...TokenInfo.properties, token: Type.String() }), ...problems(400) },
    },
  }, async (request, reply) => reply.code(201).header('cache-control', 'no-store').send(await app.services.tokens.create(request.user, request.body)))
}
