import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { BundleInfo } from '../../bundles.js'
import { Digest } from '../../schemas/parts.js'

/** GET /bundles/:digest: which files it holds. */
export const getBundleRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/bundles/:digest', {
    config: { role: 'viewer' },
    schema: { operationId: 'getBundle', summary: 'The files of a bundle', tags: ['bundles'], params: Type.Object({ digest: Digest }), response: { 200: BundleInfo, ...problems(400, 404) } },
  }, async (request) => app.services.bundles.get(request.user.tenant, request.params.digest))
}
