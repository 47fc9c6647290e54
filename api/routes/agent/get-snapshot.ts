import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { Digest, TextOrNull } from '../../schemas/parts.js'

/** GET /agent/snapshots/:digest: a sealed snapshot. */
export const agentGetSnapshotRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/agent/snapshots/:digest', {
    config: { role: 'agent' },
    schema: { operationId: 'agentGetSnapshot', summary: 'A large snapshot, sealed', tags: ['agents'], params: Type.Object({ digest: Digest }), response: { 200: Type.Object({ text: TextOrNull }), ...problems(400) } },
  }, async (request) => ({ text: await app.services.agents.findSnapshot(request.user, request.params.digest) }))
}
