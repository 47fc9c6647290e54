import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AgentSelf } from '../../agents.js'
import { problems } from '../../problem.js'

/** GET /agent: who the agent is, and where its work comes from. */
export const agentSelfRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/agent', {
    config: { role: 'agent' },
    schema: { operationId: 'getAgent', summary: 'Who this agent is', tags: ['agents'], response: { 200: AgentSelf, ...problems() } },
  }, async (request) => app.services.agents.self(request.user))
}
