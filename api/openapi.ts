import type { FastifyInstance } from 'fastify'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'

const description = `One YAML plan, one durable workflow, any target. Every path is served at \`/api/v1\` and, the same, at \`/\`.
Send \`Authorization: Bearer rctl_…\`. Errors are RFC 9457 problems with a stable \`code\`. Lists have a \`next\`: send it as \`cursor\`.`

/** /docs for people, /docs/json for machines: made from the routes' own schemas. */
export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'releasectl', version: '1', description },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url }) => ({ schema: { ...schema, hide: !url.startsWith('/api/v1') }, url }),
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
}
