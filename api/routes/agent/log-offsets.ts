import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LogBatch } from '../../agents.js'
import { problems } from '../../problem.js'
import { ReleaseParams, strict } from '../../schemas/parts.js'

/** GET /agent/releases/:id/logs: the offset of each stream's last chunk. */
export const agentLogOffsetsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/agent/releases/:id/logs', {
    config: { role: 'agent' },
    schema: {
      operationId: 'agentLogOffsets', summary: 'How far a log is stored', tags: ['agents'], params: ReleaseParams,
      querystring: Type.Object({ job: LogBatch.properties.job, attempt: LogBatch.properties.attempt }, strict), response: { 200: Type.Record(Type.String(), Type.Integer()), ...problems(400) },
    },
  }, async (request) => app.services.agents.lastOffsets(request.user, request.params.id, request.query))
}
