import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { ActivityFunction } from '@temporalio/common'
import type { FleetActivities } from '../activities/fleet/contract.js'
import type { CoreActivities, JobCall, KindActivities, RolloutActivities } from '../activities/contract.js'
import type { CompiledJob } from '../domain/compiled-plan.js'

// Every timeout and retry rule of the service is on this page.
//
// A worker that dies costs an attempt of the *activity*, never of the *job*: activities are tried again by Temporal as
// long as it is nobody's fault, and a failure that is somebody's is not retryable (domain/failures.ts). What the plan
// calls `retry` is counted by workflows/job.ts.
const FAR_SIDE = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 60 } as const
// Stopped means that it has stopped: undo must not start beside a script that still runs.
const STOPPED = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const
// A worker that was killed is missed after this long.
const HEARTBEAT = '6s'
const SLACK_MS = 30_000

/** Reads a state at a gateway: quick or not at all. */
const quick = proxyActivities<RolloutActivities>({ ...STOPPED, startToCloseTimeout: '15s', retry: FAR_SIDE })

/** Starts, drains and stops versions. */
const slow = proxyActivities<RolloutActivities>({ ...STOPPED, startToCloseTimeout: '15m', heartbeatTimeout: HEARTBEAT, retry: FAR_SIDE })

export const rollout = {
  snapshot: quick['rollout.snapshot'],
  locate: quick['rollout.locate'],
  setSplit: slow['rollout.setSplit'], // capacity may have to come first
  deploy: slow['rollout.deploy'],
  finish: slow['rollout.finish'],
}

export const RESTORE_ROUTE = 'rollout.restoreRoute' satisfies keyof RolloutActivities

/** Measures for as long as the hold lasts. Stopped without waiting for its answer: nothing depends on it any more. */
export const judge = (forMs: number, summary: string): RolloutActivities['rollout.judge'] => proxyActivities<RolloutActivities>({
  startToCloseTimeout: forMs + 10 * SLACK_MS, heartbeatTimeout: HEARTBEAT, cancellationType: 'TRY_CANCEL', summary,
  retry: { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '10s' },
})['rollout.judge']

/** Who carries activities out, when it is not any worker: an agent that may be away. */
export interface Place { taskQueue: string; scheduleToStartTimeout: number }

/** `<kind>.snapshot`, `<kind>.execute` and `<kind>.uninstall` of one job. */
export function kindActivities(job: Pick<CompiledJob, 'name' | 'kind' | 'timeoutMs'>, place?: Place): Pick<KindActivities, 'snapshot' | 'execute' | 'uninstall'> {
  const named = proxyActivities<Record<string, ActivityFunction>>({
    ...STOPPED, startToCloseTimeout: job.timeoutMs + SLACK_MS, heartbeatTimeout: HEARTBEAT, retry: FAR_SIDE, summary: job.name, ...place,
  })
  return {
    snapshot: (call: JobCall) => named[`${job.kind}.snapshot`]?.(call) as ReturnType<KindActivities['snapshot']>,
    execute: (call: JobCall) => named[`${job.kind}.execute`]?.(call) as ReturnType<KindActivities['execute']>,
    uninstall: (call: JobCall) => named[`${job.kind}.uninstall`]?.(call) as ReturnType<KindActivities['uninstall']>,
  }
}

/** One target that does not answer must not keep the others' answers from whoever asked (api/previews.ts). */
const ONE_TARGET = '30s'
/** `<kind>.preview` of one job. A person waits: what does not answer soon is told as unknown. */
export const previewActivity = (kind: string, summary: string, target?: Partial<Place>): KindActivities['preview'] => proxyActivities<Record<string, ActivityFunction>>({
  startToCloseTimeout: '2m', scheduleToCloseTimeout: target ? ONE_TARGET : '3m', heartbeatTimeout: HEARTBEAT, summary, retry: { initialInterval: '500ms', maximumAttempts: 3 }, ...target,
})[`${kind}.preview`] as KindActivities['preview']

/** One undo. It gets longer than anything else: giving up leaves something half-way. */
export const undoActivity = (type: string, summary: string, place?: Place): ActivityFunction => proxyActivities<Record<string, ActivityFunction>>({
  startToCloseTimeout: '15m', heartbeatTimeout: HEARTBEAT, summary,
  retry: { ...FAR_SIDE, initialInterval: '500ms' }, ...place,
})[type] as ActivityFunction

export const { acquireLock, isWorkflowOpen, nextOpening } = proxyActivities<CoreActivities>({
  startToCloseTimeout: '15s', retry: { initialInterval: '500ms', maximumInterval: '30s' },
})

/** What fleets ask and tell the store: a target does not count as done before its row says so. */
export const fleetStore = proxyActivities<FleetActivities>({ startToCloseTimeout: '30s', retry: { initialInterval: '500ms', maximumInterval: '30s' } })

/** Whom a stage would choose, for a dry run. */
export const foresee = proxyActivities<FleetActivities>({ startToCloseTimeout: '10s', scheduleToCloseTimeout: '20s', retry: { initialInterval: '500ms' } })['fleet.foresee']

/** One try each, at most five seconds: the clerk (workflows/clerk.ts) tries again by a durable timer. */
export const { journal, verifyDecision } = proxyLocalActivities<CoreActivities>({
  startToCloseTimeout: '5s', retry: { maximumAttempts: 1 },
})
