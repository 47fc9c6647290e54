import type { Criterion, MetricSource } from '../domain/measurement.js'
import type { JudgeVerdict, JournalEntry, ReleaseRef } from '../domain/release.js'
import type { Decision } from '../domain/decision.js'
import type { Json, JsonObject } from '../domain/json.js'
import type { Change } from '../domain/change.js'
import type { TargetRef } from '../domain/target.js'
import type { ReleaseWindow } from '../domain/window.js'
import type { Concurrency, PluginVersion } from '../domain/compiled-plan.js'
import type { Match, RouteSplit, Side, SideCounters, Sticky } from '../drivers/traffic/port.js'

/** What every activity of a job is given. */
export interface JobCall<Config = JsonObject> {
  release: ReleaseRef
  /** ISO 8601 UTC; RELEASE_TIME of all its jobs. */
  acceptedAt: string
  stage: string
  job: string
  kind: string
  /** Of the job, from 1; an activity that Temporal runs again keeps its number. */
  attempt: number
  /** `<releaseId>/<stage>/<job>/<attempt>`: the far side does a thing once per key. */
  idempotencyKey: string
  /** What it runs for; null: a stage without targets. */
  target: TargetRef | null
  /** Secrets still late: resolved inside the activity. */
  config: Config
  variables: JsonObject
  /** For `execute` of kinds with a snapshot: what was there before, so that what has changed since is noticed. */
  before?: SealedSnapshot
  /** Of a plugin's job: what the release was accepted with. */
  plugin?: PluginVersion
}
export interface JobResult { outputs: JsonObject; message: string; artifacts: Artifact[] }
export interface Artifact { name: string; contentType: string; path?: string; text?: string }

/** What was there before, AES-256-GCM sealed; above 256 KiB it lies in the store under its digest. */
export type SealedSnapshot = { sealed: string } | { stored: string }

/** Activity types `<kind>.snapshot`, `<kind>.execute`, `<kind>.rollback`, `<kind>.preview` and `<kind>.uninstall` of every kind with `runsIn: 'activity'`. */
export interface KindActivities {
  snapshot(call: JobCall): Promise<SealedSnapshot>
  execute(call: JobCall): Promise<JobResult>
  rollback(input: UndoCall): Promise<void>
  /** What `execute` would change; touches nothing. */
  preview(call: JobCall): Promise<Change[]>
  /** Take off the target what the job's kind installs. */
  uninstall(call: JobCall): Promise<JobResult>
}
export interface UndoCall { call: JobCall; snapshot: SealedSnapshot | null }

/** Everything the workflows call that is not a job kind's own. Registered under these names. */
export interface CoreActivities {
  /** Local activity: one transaction, idempotent by (releaseId, sequence). */
  journal(entry: JournalEntry): Promise<void>
  /** Local activity: is the door's word good? Answers, does not throw, when it is not. */
  verifyDecision(input: { releaseId: string; verdict: 'approve' | 'reject'; decision: Decision; receivedAt: string }): Promise<{ good: true } | { good: false; why: string }>
  /** Ask the environment's workflow for the lock (starting it when there is none). The workflow is told by signal when it waits. */
  acquireLock(input: LockRequest): Promise<LockAnswer>
  /** Where the lock's holder is: is that workflow still open? */
  isWorkflowOpen(input: { workflowId: string }): Promise<boolean>
  nextOpening(input: { window: ReleaseWindow; atMs: number; requestedBy: string }): Promise<{ opensAtMs: number | null }>
}
export interface LockRequest { tenant: string; concurrency: Concurrency; releaseId: string; workflowId: string; requestedBy: string; version: string }
export type LockAnswer =
  | { state: 'granted'; token: number }
  | { state: 'queued'; position: number; holder: string }
  | { state: 'refused'; holder: string; /** Null: a freeze. */ workflowId: string | null }

/** A route of a gateway and where it is set. */
export interface RouteRef { gateway: string; route: string }

/** The steps of a rollout; workflows/kinds/rollout.ts tells their order. All may run twice. */
export interface RolloutActivities {
  /** Read the route and what runs behind it. `stable` null: nothing is out yet. */
  'rollout.snapshot'(call: JobCall): Promise<{ snapshot: SealedSnapshot; stable: Side | null }>
  /** What a rollout or a gateway job would change; touches nothing. */
  'rollout.preview'(call: JobCall): Promise<Change[]>
  /** Of a `gateway` job whose plan does not say where the candidate is: the gateway does. @throws CONFIG_INVALID when it does not */
  'rollout.locate'(call: JobCall): Promise<{ url: string }>
  /** Start the candidate (or adopt it) and wait until it is healthy. */
  'rollout.deploy'(call: JobCall): Promise<{ candidate: Side; outputs: JsonObject; message: string }>
  /** `counters`: the candidate's, as the split took effect; null when the gateway keeps none. */
  'rollout.setSplit'(input: SetSplit): Promise<{ split: RouteSplit; counters: SideCounters | null }>
  /** Long: measures at every interval until the hold ends or the verdict is clear. Heartbeats what it has seen. */
  'rollout.judge'(input: JudgeInput): Promise<JudgeResult>
  /** The candidate becomes the stable side; the old one drains and stops (blue-green: after `keepOldMs`, given by the workflow as a timer before). */
  'rollout.finish'(input: { call: JobCall; candidate: Side; stable: Side | null }): Promise<void>
  /** Undo of finish: the old version runs again and is ready. */
  'rollout.reviveStable'(input: UndoCall): Promise<void>
  /** Undo of every split: the route is as it was. Refuses to send traffic to a side that is not ready (TARGET_NOT_READY). */
  'rollout.restoreRoute'(input: UndoCall): Promise<void>
  /** Undo of deploy: the candidate is drained and stopped. */
  'rollout.removeCandidate'(input: UndoCall): Promise<void>
}
export interface SetSplit {
  call: JobCall
  stable: Side | null
  candidate: Side
  percent: number
  sticky: Sticky | null
  match?: Match[]
  mirrorPercent?: number
  /** The percent this release left in force; another one there now is somebody else's change. Left out: it has set none yet. */
  expectedPercent?: number
}

export interface JudgeInput {
  call: JobCall
  /** For keys, logs and events: `shop at 10%`. */
  what: string
  source: MetricSource
  criteria: Criterion[]
  /** Fewer requests than this on the candidate say nothing: inconclusive. */
  minRequests: number
  intervalMs: number
  /** A failing criterion is judged over at most this long. */
  windowMs: number
  /** The candidate's counters when the hold began: a judge that starts late, or again, still judges all of it. Null: count from the first reading. */
  baseline: SideCounters | null
  /** How long to measure. */
  forMs: number
  /** Measurements in a row that must fail before the verdict is `fail`. */
  failureLimit: number
  /** Measurements in a row the source may not answer before the verdict is `outage`. */
  errorLimit: number
}
export interface JudgeResult { verdict: JudgeVerdict; reason: string; measures: Record<string, number | null>; requests: number | null; checks: number }
export type { Json }
