import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../problem.js'
import { Digest, Files } from '../../schemas/parts.js'

/** GET /agent/bundles/:digest: the files of a release under way. */
export const agentBundleRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/agent/bundles/:digest', {
    config: { role: 'agent' },
    schema: { operationId: 'agentBundle', summary: 'The files of a release under way', tags: ['agents'], params: Type.Object({ digest: Digest }), response: { 200: Type.Object({ files: Files }), ...problems(400) } },
  }, async (request) => app.services.agents.bundle(request.user, request.params.digest))
}
