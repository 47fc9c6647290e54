import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HealthAnswer } from '../../health.js'

/** GET /health: 200 when every part answers, else 503 saying which does not. */
export const healthRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/health', {
    config: { role: 'public' }, logLevel: 'warn',
    schema: { operationId: 'getHealth', summary: 'Is it able to work?', tags: ['system'], response: { 200: HealthAnswer, 503: HealthAnswer } },
  }, async (_request, reply) => {
    const health = await app.services.health.look()
    return reply.code(health.status === 'up' ? 200 : 503).send(health)
  })
}
