import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { htmlReport } from '../../report/html.js'
import { markdownReport } from '../../report/markdown.js'
import { problems } from '../../problem.js'
import { ReleaseParams, oneOf, strict } from '../../schemas/parts.js'

const Query = Type.Object({ format: oneOf(['json', 'markdown', 'html'] as const, { default: 'json' }) }, strict)

/** GET /releases/:id/report: what came of it, as JSON, Markdown or a page that stands alone. */
export const releaseReportRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/releases/:id/report', {
    config: { role: 'viewer' },
    schema: {
      operationId: 'getReleaseReport', summary: 'The report of a release', tags: ['releases'], params: ReleaseParams, querystring: Query,
      response: { 200: { description: 'outcome, times, approvals, verdicts, what was undone', content: { 'application/json': { schema: Type.Unknown() }, 'text/markdown': { schema: Type.String() }, 'text/html': { schema: Type.String() } } }, ...problems(400, 404) },
    },
  }, async (request, reply) => {
    const report = await app.services.reads.report(request.user.tenant, request.params.id)
    switch (request.query.format) {
      case 'markdown': return reply.type('text/markdown; charset=utf-8').send(markdownReport(report))
      case 'html': return reply.type('text/html; charset=utf-8').header('content-security-policy', 'default-src \'none\'; style-src \'unsafe-inline\'').send(htmlReport(report))
      default: return reply.type('application/json').send(report)
    }
  })
}
