import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SnapshotText } from '../../agents.js'
import { problems } from '../../problem.js'

/** POST /agent/open: what this agent has sealed. */
export const agentOpenRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/open', {
    config: { role: 'agent' },
    schema: { operationId: 'agentOpen', summary: 'Open a snapshot', tags: ['agents'], body: SnapshotText, response: { 200: SnapshotText, ...problems(400) } },
  }, async (request, reply) => reply.header('cache-control', 'no-store').send({ text: await app.services.agents.open(request.user, request.body.text) }))
}
