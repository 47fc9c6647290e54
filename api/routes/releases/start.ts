import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { Explanation } from '../../schemas/explanation.js'
import { ReleaseSummary, StartRelease } from '../../schemas/release.js'
import { IdempotencyHeader, TextOrNull, orNull } from '../../schemas/parts.js'
import { PreviewSchema } from '../../schemas/preview.js'

const description = `Accepts a release and answers at once; \`Location\` is where to look. Once answered it is stored, and starts as soon as Temporal can be reached.
Send an \`Idempotency-Key\`: the same key with the same body answers the same release, with another body 409.

Where a script of the earlier tool posted \`{"planId": "payment-service-v1.2.3", "options": {…}}\` to \`/api/v1/executions\`, post
\`{"plan": {"name": "payment-service"}, "project": "payment-service", "environment": "production", "version": "1.2.3", "options": {…}}\` here.`

/** POST /releases: accept a release. */
export const startReleaseRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/releases', {
    config: { role: 'deployer' },
    schema: {
      operationId: 'startRelease', summary: 'Start a release', description, tags: ['releases'], headers: IdempotencyHeader, body: StartRelease,
      response: { 200: Type.Object({ dryRun: Type.Boolean(), explanation: Explanation, preview: orNull(PreviewSchema), previewError: TextOrNull }), 202: ReleaseSummary, ...problems(400, 404, 409, 413, 422) },
    },
  }, async (request, reply) => {
    const { user, body } = request
    if (body.options?.dryRun) return { dryRun: true, ...await app.services.starts.dryRun(user, body) }
    const release = await app.services.starts.start(user, body, request.headers['idempotency-key'] ?? null)
    return reply.code(202).header('location', `${app.prefix}/releases/${release.id}`).send(release)
  })
}
