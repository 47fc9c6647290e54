import { Value } from 'typebox/value'
import type { Static, TSchema } from 'typebox'
import type { JobContext } from '../activities/kind-runner.js'

/** A config as the compiler would fill it in. */
export const configOf = <Schema extends TSchema>(schema: Schema, given: object): Static<Schema> => Value.Default(schema, structuredClone(given)) as Static<Schema>

/** What a runner is handed, with a place to act on and nothing else: what is measured is the kind itself. */
export function jobContext(kind: string, releaseId: string, place: Partial<JobContext>): JobContext {
  const none = (what: string) => async (): Promise<never> => { throw new Error(`the bench has no ${what}`) }
  const idempotencyKey = `${releaseId}/bench/job/1`
  return {
    call: {
      release: { tenant: 'default', releaseId, project: 'bench', environment: 'bench', version: releaseId.slice(0, 12), requestedBy: 'bench', bundle: '' }, acceptedAt: new Date().toISOString(),
      stage: 'bench', job: 'job', kind, attempt: 1, target: null, idempotencyKey, variables: {},
    },
    idempotencyKey, variables: {}, system: {}, target: null,
    host: none('machine'), ownHost: none('machine'), engine: none('engine'), cluster: none('cluster'), clusterAccess: none('cluster'), before: async () => null,
    bundleFile: async () => null, bundleFolder: async () => ({}), log: () => undefined, redact: (text) => text, heartbeat: () => undefined, heartbeatDetails: null,
    signal: new AbortController().signal, timeoutMs: 120_000, ...place,
  }
}
