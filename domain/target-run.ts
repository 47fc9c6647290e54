import type { CompiledFleet } from './fleet.js'
import type { CompiledPlan, CompiledStage } from './compiled-plan.js'
import type { JsonObject } from './json.js'
import type { JobView, ReleaseRef } from './release.js'
import type { TargetRef } from './target.js'

/**
 * One target in one stage of a release. `failed`: its jobs did, and it was taken back unless the plan says otherwise.
 * `stuck`: it could not be taken back, or nobody knows what was done to it; a person must look.
 */
export const TARGET_RUN_STATUSES = ['pending', 'waiting', 'running', 'succeeded', 'failed', 'skipped', 'stopped', 'undone', 'stuck', 'uninstalled'] as const
export type TargetRunStatus = (typeof TARGET_RUN_STATUSES)[number]
/** Those a wave still has to run: also what an earlier pass did not finish. */
export const TO_RUN: readonly TargetRunStatus[] = ['pending', 'waiting', 'running', 'failed', 'stopped']

export interface TargetRun {
  stage: string
  /** From 0, in the order they are taken. */
  position: number
  wave: number
  target: TargetRef
  status: TargetRunStatus
  message: string | null
  /** How often it was run. */
  pass: number
  jobs: JobView[]
  startedAt: string | null
  endedAt: string | null
}

/** What all targets of a stage have in common. In the store, so that it is in no parent's history. */
export interface FleetBrief {
  release: ReleaseRef
  acceptedAt: string
  stage: CompiledStage & { fleet: CompiledFleet }
  scope: CompiledPlan['scope']
  options: CompiledPlan['options']
  /** Status and outputs of earlier jobs that this stage names. */
  jobs: JsonObject
}

/** How a target changed. */
export interface TargetChange { name: string; from: TargetRunStatus; to: TargetRunStatus; message: string | null }

/** How far a stage with targets is: of thousands, the numbers and the ones that need a person. */
export interface FleetView {
  total: number
  counts: Partial<Record<TargetRunStatus, number>>
  /** The last that failed or are stuck, at most 20; `counts` says how many there are. */
  failing: { target: string; status: TargetRunStatus; message: string | null }[]
  waves: WaveView[]
}
export interface WaveView {
  name: string
  targets: number
  /** Of them, ended one way or another. */
  done: number
  failed: number
  status: 'pending' | 'approving' | 'running' | 'verifying' | 'passed' | 'failed' | 'skipped'
  startedAt: string | null
  endedAt: string | null
}
const MOST_FAILING = 20
const NEEDS_LOOK: readonly TargetRunStatus[] = ['failed', 'stuck']

/** Take changes into a view. */
export function noteChanges(view: FleetView, changes: readonly TargetChange[]): void {
  for (const { name, from, to, message } of changes) {
    const counts = { ...view.counts, [from]: Math.max(0, (view.counts[from] ?? 0) - 1) }
    counts[to] = (counts[to] ?? 0) + 1
    view.counts = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
    view.failing = view.failing.filter(({ target }) => target !== name)
    if (NEEDS_LOOK.includes(to)) view.failing = [...view.failing, { target: name, status: to, message }].slice(-MOST_FAILING)
  }
}
