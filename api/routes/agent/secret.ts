import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { ReleaseParams, strict } from '../../schemas/parts.js'

/** POST /agent/releases/:id/secrets: the value of a secret that the release's plan names. */
export const agentSecretRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/releases/:id/secrets', {
    config: { role: 'agent' },
    schema: {
      operationId: 'agentSecret', summary: 'A secret of a release under way', tags: ['agents'], params: ReleaseParams,
      body: Type.Object({ reference: Type.String({ minLength: 1, maxLength: 100_000 }) }, strict), response: { 200: Type.Object({ value: Type.String() }), ...problems(400, 422) },
    },
  }, async (request, reply) => reply.header('cache-control', 'no-store').send(await app.services.agents.secret(request.user, request.params.id, request.body.reference)))
}
