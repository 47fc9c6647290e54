import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

/** GET /metrics: for Prometheus. */
export const metricsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/metrics', {
    config: { role: 'public' }, logLevel: 'warn',
    schema: { operationId: 'getMetrics', summary: 'Metrics', tags: ['system'], produces: ['text/plain'], response: { 200: Type.String() } },
  }, async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await app.services.metrics.text()))
}
