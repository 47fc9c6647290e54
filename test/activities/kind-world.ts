import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import type { Info } from '@temporalio/activity'
import type { JobCall, JobResult, KindActivities, SealedSnapshot, UndoCall } from '../../activities/contract.js'
import type { Change } from '../../domain/change.js'
import type { JsonObject } from '../../domain/json.js'
import { kindActivities, type KindWorldParts } from './kind-activities.js'

export { MemoryLog, SECRETS } from './kind-activities.js'

/** The activities of job kinds, each run in a context of its own. */
export async function kindWorld(info: Partial<Info> = {}, parts: KindWorldParts = {}) {
  const { host, logs, activities } = await kindActivities(parts)
  const environment = (more: Partial<Info> = {}): MockActivityEnvironment =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 90_000, heartbeatTimeoutMs: 900, ...info, ...more }, { logger: new DefaultLogger('ERROR') })
  return {
    host, logs, environment,
    execute: async (call: JobCall, env = environment()): Promise<JobResult> => env.run(activities[`${call.kind}.execute`] as KindActivities['execute'], call),
    preview: async (call: JobCall, env = environment()): Promise<Change[]> => env.run(activities[`${call.kind}.preview`] as KindActivities['preview'], call),
    uninstall: async (call: JobCall, env = environment()): Promise<JobResult> => env.run(activities[`${call.kind}.uninstall`] as KindActivities['uninstall'], call),
    snapshot: async (call: JobCall, env = environment()): Promise<SealedSnapshot> => env.run(activities[`${call.kind}.snapshot`] as KindActivities['snapshot'], call),
    rollback: async (input: UndoCall, env = environment()): Promise<void> => env.run(activities[`${input.call.kind}.rollback`] as KindActivities['rollback'], input),
  }
}

export function callOf(kind: string, config: JsonObject, more: Partial<JobCall> = {}): JobCall {
  const releaseId = `r-${Math.random()}`
  return {
    release: { tenant: 'acme', releaseId, project: 'shop', environment: 'production', version: '2.4.0', requestedBy: 'ann', bundle: 'b' },
    acceptedAt: '2026-01-01T00:00:00.000Z',
    stage: 'main', job: 'work', kind, attempt: 1, target: null, idempotencyKey: `${releaseId}/main/work/1`, variables: {}, config, ...more,
  }
}
export const scriptCall = (script: string, config: JsonObject = {}, more: Partial<JobCall> = {}): JobCall =>
  callOf('script', { script, interpreter: '/bin/bash', environment: {}, ...config }, more)
