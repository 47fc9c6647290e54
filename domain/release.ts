import type { ApprovalSpec, CompiledPlan, CompiledStage, Concurrency, Door, PluginVersion, StagePhase } from './compiled-plan.js'
import type { Promotes } from './decision.js'
import type { Json, JsonObject } from './json.js'
import type { Criterion } from './measurement.js'
import type { FleetView } from './target-run.js'
import type { UndoEntry, UndoState } from './undo.js'

/** How a release ended. `failed` only when something is left half-way. */
export const ENDINGS = ['succeeded', 'rolled_back', 'rejected', 'expired', 'cancelled', 'superseded', 'failed'] as const
export type Ending = (typeof ENDINGS)[number]
export const STATUSES = ['accepted', 'queued', 'waiting_window', 'approving', 'running', 'paused', 'rolling_back', ...ENDINGS] as const
export type ReleaseStatus = (typeof STATUSES)[number]
export const isEnding = (status: string): status is Ending => (ENDINGS as readonly string[]).includes(status)

/** Which release an activity works for. */
export interface ReleaseRef {
  tenant: string
  releaseId: string
  project: string
  environment: string
  version: string
  requestedBy: string
  /** sha256 of the bundle whose files the jobs may read. */
  bundle: string
}

export interface ReleaseInput {
  release: ReleaseRef
  plan: CompiledPlan
  options: {
    /** An admin's word; audited. */
    skipApproval: boolean
    /** Doors that count where the plan names none. */
    doors: Door[]
  }
  /** ISO 8601 UTC; when the API accepted it. */
  acceptedAt: string
}

/** Taking back a release that has ended: `rollbackWorkflow`. */
export interface RollbackInput {
  release: ReleaseRef
  /** From 1; part of the workflow's id. */
  attempt: number
  /** As the journal last wrote it; its `sequence` goes on from there. */
  view: ReleaseView
  /** What is still to be undone, in the order it was promised. */
  undo: UndoEntry[]
  /** The plan's rollback stages. */
  rollback: CompiledStage[]
  scope: CompiledPlan['scope']
  by: string
  reason: string | null
}

export interface ReleaseOutcome {
  status: Ending
  reason: string | null
  /** Undos that did not succeed, with what a person must do. */
  leftOver: { what: string; error: string; manual: string }[]
}

export const releaseWorkflowId = (tenant: string, releaseId: string): string => `release/${tenant}/${releaseId}`
/** The take-back of a release that has ended. `attempt` counts from 1. */
export const rollbackWorkflowId = (tenant: string, releaseId: string, attempt: number): string => `rollback/${tenant}/${releaseId}/${attempt}`
export const environmentWorkflowId = (tenant: string, key: string): string => `environment/${tenant}/${key}`

/** Everything there is to see of a release; the answer of the `release` query and of GET /releases/:id. */
export interface ReleaseView {
  release: ReleaseRef
  plan: { name: string; description: string | null; owner: string | null }
  concurrency: Concurrency
  status: ReleaseStatus
  reason: string | null
  acceptedAt: string
  startedAt: string | null
  endedAt: string | null
  paused: { by: string; at: string } | null
  stages: StageView[]
  splits: SplitView[]
  waiting: Waiting[]
  approvals: ApprovalView[]
  undo: { id: string; what: string; state: UndoState; error: string | null; manual: string }[]
  /** Of the last event: a watcher asks for what came after it. */
  sequence: number
}

export type JobStatus = 'pending' | 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'stopped' | 'undone'
export type StageStatus = 'pending' | 'approving' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'stopped' | 'undone'
export interface StageView { name: string; phase: StagePhase; status: StageStatus; startedAt: string | null; endedAt: string | null; jobs: JobView[]; /** Of a stage with targets; null until they are chosen. */ fleet?: FleetView | null }
export interface JobView {
  name: string
  kind: string
  status: JobStatus
  attempt: number
  startedAt: string | null
  endedAt: string | null
  message: string | null
  outputs: JsonObject
  /** Of a job that goes in phases (a rollout): all of them, in order. */
  phases: PhaseView[]
  /** Of a plugin's job: which ran. */
  plugin?: PluginVersion
}
export interface PhaseView {
  percent: number
  status: 'pending' | 'approving' | 'holding' | 'passed' | 'failed' | 'skipped'
  holdMs: number
  startedAt: string | null
  endsAt: string | null
  verdict: JudgeVerdict | null
  reason: string | null
  /** What the measures must be, for people to see beside them. */
  criteria: Pick<Criterion, 'name' | 'threshold'>[]
  /** By criterion name, in the threshold's base unit (ratio, ms, plain). */
  measures: Record<string, number | null>
}
export interface SplitView { gateway: string; route: string; percent: number; stable: string | null; candidate: string | null; /** What was out before this release. */ before: string | null; at: string }

/** `outage`: the metrics did not answer. `inconclusive`: they did, but do not say enough. */
export type JudgeVerdict = 'pass' | 'fail' | 'inconclusive' | 'outage'

/** What the release waits for, since when, until when, who can end it. */
export interface Waiting {
  what: 'lock' | 'window' | 'approval' | 'hold' | 'metrics' | 'inconclusive' | 'failure' | 'pause' | 'wait' | 'schedule'
  where: string
  since: string
  until: string | null
  who: string[]
  /** Which of the commands end it: approve, promote, resume … */
  commands: string[]
  /** What `promote --full` does beyond `promote`; absent: nothing. */
  full?: Exclude<Promotes, 'intervals'>
  detail: string
}

export interface ApprovalView {
  /** `<stage>` or `<stage>/<job>` or `<stage>/<job>/<phase>`. */
  id: string
  spec: ApprovalSpec
  status: 'pending' | 'approved' | 'rejected' | 'expired' | 'skipped'
  requestedAt: string
  expiresAt: string
  decisions: { by: string; door: Door; verdict: 'approve' | 'reject'; comment: string | null; at: string; counted: boolean; refusedBecause: string | null }[]
}

/** One entry of the release's journal. `sequence` counts from 1 without gaps. */
export interface ReleaseEvent {
  sequence: number
  at: string
  type: EventType
  stage: string | null
  job: string | null
  message: string
  data: Json
}
export const EVENT_TYPES = [
  'release.started', 'release.ended', 'lock.waiting', 'lock.granted', 'window.waiting', 'window.open',
  'approval.requested', 'approval.decided', 'approval.refused', 'approval.ended',
  'stage.started', 'stage.ended', 'job.started', 'job.retrying', 'job.ended', 'job.skipped',
  'split.set', 'phase.started', 'phase.ended', 'verdict',
  'paused', 'resumed', 'promoted', 'abort.requested', 'rollback.requested', 'retry.requested', 'message.refused',
  'undo.started', 'undo.done', 'undo.failed',
  'targets.chosen', 'wave.started', 'wave.ended', 'target.failed', 'target.requested', 'target.ended',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** One write of the journal: all of it or none. Idempotent by (releaseId, sequence). */
export interface JournalEntry { release: ReleaseRef; events: ReleaseEvent[]; view: ReleaseView; undo: UndoEntry[] }
