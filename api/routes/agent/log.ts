import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LogBatch } from '../../agents.js'
import { problems } from '../../problem.js'
import { ReleaseParams } from '../../schemas/parts.js'

/** POST /agent/releases/:id/logs: what a job of the agent wrote. The same chunk twice is one. */
export const agentLogRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/agent/releases/:id/logs', {
    config: { role: 'agent' },
    schema: { operationId: 'agentLog', summary: 'What a job wrote', tags: ['agents'], params: ReleaseParams, body: LogBatch, response: { 204: Type.Null(), ...problems(400) } },
  }, async (request, reply) => {
    const { texts, ...job } = request.body
    await app.services.agents.log(request.user, request.params.id, job, texts)
    return reply.code(204).send(null)
  })
}
