import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { requireRoles, type Authentication } from './authentication.js'
import { refuseUrl, setErrorHandler } from './error-handler.js'
import { serveOpenApi } from './openapi.js'
import { ROUTES } from './routes/index.js'
import type { Services } from './types.js'
import { validatorCompiler } from './validator.js'

const BODY_LIMIT = 8 * 1024 * 1024 // a bundle's 5 MiB of text, escaped as JSON
const PREFIXES = ['', '/api/v1']

/** The HTTP API on given services. It listens nowhere yet. */
export async function buildApp({ services, authentication, log }: { services: Services; authentication: Authentication; log: FastifyBaseLogger }): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log, bodyLimit: BODY_LIMIT, genReqId: () => crypto.randomUUID(), requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength: 500 }, forceCloseConnections: 'idle', frameworkErrors: refuseUrl,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.decorate('services', services)
  app.decorateRequest('user')
  setErrorHandler(app)
  services.metrics.watch(app)
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
    services.watch.close()
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (isClosing) reply.header('connection', 'close') // else the end would wait until the client lets go
  })
  await serveOpenApi(app)
  for (const prefix of PREFIXES) await app.register(async (scope) => {
    requireRoles(scope, authentication)
    for (const route of ROUTES) await scope.register(route)
  }, { prefix })
  return app
}
