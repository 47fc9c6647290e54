import type { Change } from './change.js'
import type { CompiledPlan } from './compiled-plan.js'
import type { ReleaseRef } from './release.js'
import type { TargetPresence } from './target.js'

/** A dry run: what a release would change if it started now. `releaseId` is of no release. */
export interface PreviewInput { release: ReleaseRef; plan: CompiledPlan; acceptedAt: string }

export interface JobPreview {
  stage: string
  job: string
  kind: string
  /** The target it was asked for; null: the stage has none. */
  target: string | null
  /** What its target, or what it acts on, would undergo. Empty: nothing outside changes. */
  changes: Change[]
  /** Why it cannot be told beforehand; null: it can. */
  unknown: string | null
}

/** A stage with targets: whom it would take, in order. Not all of thousands are asked. */
export interface FleetPreview {
  stage: string
  total: number
  /** In no wave. */
  leftOut: number
  /** Targets of one batch. */
  batch: number
  /** At most so many at work at the same time. */
  parallel: number
  waves: WavePreview[]
  /** Why nobody can be chosen; null: they are. */
  unknown: string | null
}
/** `targets`: the first of them, in order, whose jobs were asked; `more`: how many come after them. */
export interface WavePreview { name: string; total: number; targets: { name: string; presence: TargetPresence }[]; more: number }

/** `jobs`: in the plan's order; those of a stage with targets target by target. */
export interface Preview { jobs: JobPreview[]; fleets: FleetPreview[] }

/** So many targets of a stage are asked, at least some of every wave. */
export const TARGETS_ASKED = 20
const ASKED_OF_A_WAVE = 2

/** How many targets of each wave are asked. */
export function askedOfWaves(totals: readonly number[], most = TARGETS_ASKED): number[] {
  const asked = totals.map((total) => Math.min(total, ASKED_OF_A_WAVE))
  let left = most - asked.reduce((sum, count) => sum + count, 0)
  return totals.map((total, n) => {
    const more = Math.max(0, Math.min(left, total - (asked[n] ?? 0)))
    left -= more
    return (asked[n] ?? 0) + more
  })
}

/** Of one dry run; unique, as each is a workflow of its own. */
export const previewWorkflowId = (tenant: string, previewId: string): string => `preview/${tenant}/${previewId}`
