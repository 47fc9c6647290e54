import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Beat } from '../../agents.js'
import { problems } from '../../problem.js'

/** POST /agent/heartbeat: the agent is there. Its target is online for 45 s from now. */
export const agentHeartbeatRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/heartbeat', {
    config: { role: 'agent' },
    schema: { operationId: 'agentHeartbeat', summary: 'An agent is there', tags: ['agents'], body: Beat, response: { 204: Type.Null(), ...problems(400) } },
  }, async (request, reply) => {
    await app.services.agents.beat(request.user, request.body)
    return reply.code(204).send(null)
  })
}
