import type { JobContext } from '../../activities/kind-runner.js'
import type { Json } from '../../domain/json.js'

/** A job's context for runners run by themselves; what they log and heartbeat is kept. */
export function jobContext(changes: Partial<JobContext> = {}): JobContext & { logged: string[]; beats: Json[] } {
  const logged: string[] = []
  const beats: Json[] = []
  return {
    host: async () => { throw new Error('this test has no machine') }, ownHost: async () => { throw new Error('this test has no machine') }, target: null,
    engine: async () => { throw new Error('this test has no engine') }, cluster: async () => { throw new Error('this test has no cluster') }, clusterAccess: async () => ({}), before: async () => null,
    call: {
      release: { tenant: 'acme', releaseId: 'r1', project: 'shop', environment: 'production', version: '2.4.0', requestedBy: 'ann', bundle: '' }, acceptedAt: '2026-01-01T00:00:00.000Z',
      stage: 'tell', job: 'notify', kind: 'notification', attempt: 1, target: null, idempotencyKey: 'r1/tell/notify/1', variables: {},
    },
    idempotencyKey: 'r1/tell/notify/1', variables: {},
    system: { RELEASE_ID: 'r1', RELEASE_VERSION: '2.4.0', RELEASE_ENV: 'production', RELEASE_USER: 'ann', PROJECT_NAME: 'shop' },
    bundleFile: async () => null, bundleFolder: async () => ({}), log: (_stream, _offset, text) => { logged.push(text) }, redact: (text) => text, heartbeat: (details = null) => { beats.push(details) }, heartbeatDetails: null,
    signal: new AbortController().signal, timeoutMs: 5000, logged, beats, ...changes,
  }
}
