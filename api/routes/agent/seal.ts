import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SnapshotText } from '../../agents.js'
import { problems } from '../../problem.js'

/** POST /agent/seal: a text that only this agent can have opened again. */
export const agentSealRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/seal', {
    config: { role: 'agent' },
    schema: { operationId: 'agentSeal', summary: 'Seal a snapshot', tags: ['agents'], body: SnapshotText, response: { 200: SnapshotText, ...problems(400) } },
  }, async (request) => ({ text: await app.services.agents.seal(request.user, request.body.text) }))
}
