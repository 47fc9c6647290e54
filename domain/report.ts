import type { Ending, JobView, ReleaseEvent, ReleaseStatus, ReleaseView } from './release.js'
import { isEnding } from './release.js'
import type { FleetView, TargetRun, TargetRunStatus } from './target-run.js'

/** What came of a release, for people who were not there: outcome, times, who said yes, verdicts, what was undone. */
export interface Report {
  id: string
  project: string
  environment: string
  version: string
  plan: string
  requestedBy: string
  status: ReleaseStatus
  /** null: it has not ended yet. */
  outcome: Ending | null
  reason: string | null
  acceptedAt: string
  startedAt: string | null
  endedAt: string | null
  /** From start to end, or until now; null: not started. Milliseconds. */
  tookMs: number | null
  stages: ReportStage[]
  approvals: { id: string; status: string; requestedAt: string; quorum: number; decisions: { by: string; door: string; verdict: string; at: string; comment: string | null; counted: boolean }[] }[]
  /** Every verdict of a hold, in order. */
  verdicts: { at: string; stage: string | null; job: string | null; message: string }[]
  splits: ReleaseView['splits']
  /** What was promised to be taken back, and what became of it. */
  undo: { what: string; state: string; error: string | null; manual: string | null }[]
  /** What people did to it: pauses, promotions, aborts. */
  interventions: { at: string; message: string }[]
}
export interface ReportStage {
  name: string
  phase: string
  status: string
  tookMs: number | null
  /** Of a stage with targets: none here, but of each target. */
  jobs: ReportJob[]
  /** null: it has none. */
  fleet: ReportFleet | null
}
/** `counts`: targets by status. `targets`: in the order they were taken. */
export interface ReportFleet { total: number; counts: Partial<Record<TargetRunStatus, number>>; waves: { name: string; status: string; targets: number; failed: number; tookMs: number | null }[]; targets: ReportTarget[] }
export interface ReportTarget { name: string; host: string | null; wave: string | null; status: TargetRunStatus; /** How often it was run. */ passes: number; tookMs: number | null; message: string | null; jobs: ReportJob[] }
export interface ReportJob { name: string; kind: string; status: string; attempts: number; tookMs: number | null; message: string | null }

const INTERVENTIONS: readonly ReleaseEvent['type'][] = ['paused', 'resumed', 'promoted', 'abort.requested', 'rollback.requested', 'retry.requested', 'message.refused']

/** @param targets the rows of its stages with targets @param nowMs of whoever asks: how long a release that runs has taken so far */
export function reportOf(view: ReleaseView, events: readonly ReleaseEvent[], targets: readonly TargetRun[], nowMs: number): Report {
  const { release, plan, status, reason, acceptedAt, startedAt, endedAt } = view
  return {
    id: release.releaseId, project: release.project, environment: release.environment, version: release.version, plan: plan.name, requestedBy: release.requestedBy,
    status, outcome: isEnding(status) ? status : null, reason, acceptedAt, startedAt, endedAt, tookMs: took(startedAt, endedAt, nowMs),
    stages: view.stages.map((stage) => ({
      name: stage.name, phase: stage.phase, status: stage.status, tookMs: took(stage.startedAt, stage.endedAt, nowMs),
      jobs: stage.fleet ? [] : stage.jobs.map((job) => reportJob(job, nowMs)), fleet: stage.fleet ? reportFleet(stage.fleet, targets.filter((target) => target.stage === stage.name), nowMs) : null,
    })),
    approvals: view.approvals.map(({ id, status: state, requestedAt, spec, decisions }) => ({
      id, status: state, requestedAt, quorum: spec.quorum,
      decisions: decisions.map(({ by, door, verdict, at, comment, counted }) => ({ by, door, verdict, at, comment, counted })),
    })),
    verdicts: events.filter(({ type }) => type === 'verdict').map(({ at, stage, job, message }) => ({ at, stage, job, message })),
    splits: view.splits,
    undo: view.undo.map(({ what, state, error, manual }) => ({ what, state, error, manual: state === 'failed' ? manual : null })),
    interventions: events.filter(({ type }) => INTERVENTIONS.includes(type)).map(({ at, message }) => ({ at, message })),
  }
}

const reportJob = (job: JobView, nowMs: number): ReportJob =>
  ({ name: job.name, kind: job.plugin ? `${job.kind} ${job.plugin.version}` : job.kind, status: job.status, attempts: job.attempt, tookMs: took(job.startedAt, job.endedAt, nowMs), message: job.message })

const reportFleet = ({ total, counts, waves }: FleetView, targets: readonly TargetRun[], nowMs: number): ReportFleet => ({
  total, counts,
  waves: waves.map((wave) => ({ name: wave.name, status: wave.status, targets: wave.targets, failed: wave.failed, tookMs: took(wave.startedAt, wave.endedAt, nowMs) })),
  targets: targets.map(({ target, wave, status, pass, startedAt, endedAt, message, jobs }) => ({
    name: target.name, host: target.host, wave: waves[wave]?.name ?? null, status, passes: pass, tookMs: took(startedAt, endedAt, nowMs), message, jobs: jobs.map((job) => reportJob(job, nowMs)),
  })),
})

const took = (from: string | null, to: string | null, nowMs: number): number | null => from === null ? null : (to === null ? nowMs : Date.parse(to)) - Date.parse(from)
