import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { BundleInfo, NewBundle } from '../../bundles.js'
import { strict } from '../../schemas/parts.js'

const ARCHIVES = ['application/gzip', 'application/x-gzip', 'application/x-tar', 'application/tar+gzip']
const Query = Type.Object({ entry: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'of an archive: which file is the plan' })) }, strict)
/** The schema of an archive is its bytes; what is in them is checked while they are read. */
const Archive = Type.Unsafe<Buffer>({ description: 'a tar archive, gzipped or not' })

/** POST /bundles: a plan with every file it names, as JSON or as a tar archive. */
export const uploadBundleRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.addContentTypeParser(ARCHIVES, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)
  app.post('/bundles', {
    config: { role: 'deployer' },
    schema: {
      operationId: 'uploadBundle', summary: 'Upload a bundle', tags: ['bundles'], querystring: Query,
      body: { content: { 'application/json': { schema: NewBundle }, ...Object.fromEntries(ARCHIVES.map((type) => [type, { schema: Archive }])) } },
      response: { 201: BundleInfo, ...problems(400, 413) },
    },
  }, async (request, reply) => {
    const bundle = await app.services.bundles.upload(request.user, request.body as NewBundle | Buffer, request.query.entry)
    return reply.code(201).header('location', `${app.prefix}/bundles/${bundle.digest}`).send(bundle)
  })
}
