import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SnapshotText } from '../../agents.js'
import { problems } from '../../problem.js'
import { Digest } from '../../schemas/parts.js'

/** POST /agent/snapshots: keep a sealed snapshot that is too large for a history. */
export const agentSaveSnapshotRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/snapshots', {
    config: { role: 'agent' },
    schema: { operationId: 'agentSaveSnapshot', summary: 'Keep a large snapshot', tags: ['agents'], body: SnapshotText, response: { 200: Type.Object({ digest: Digest }), ...problems(400) } },
  }, async (request) => ({ digest: await app.services.agents.saveSnapshot(request.user, request.body.text) }))
}
