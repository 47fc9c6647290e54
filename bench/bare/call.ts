import type { JobCall } from '../../activities/contract.js'

/** The task queue of the bare workflows; the worker is bench/worker.ts. */
export const BARE_QUEUE = 'bare'

/** What a release would hand to the activity, for a bare workflow. */
export const bareCall = (id: string): JobCall => ({
  release: { tenant: 'default', releaseId: id, project: 'bench', environment: 'bench', version: '1.0.0', requestedBy: 'bench', bundle: 'none' },
  stage: 'work', job: 'step', kind: 'script', attempt: 1, target: null, idempotencyKey: `${id}/work/step/1`,
  acceptedAt: new Date().toISOString(), config: { script: 'true', interpreter: '/bin/bash', environment: {} }, variables: {},
})
