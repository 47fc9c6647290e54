import type { Change } from './change.js'
import type { CompiledPlan } from './compiled-plan.js'
import type { ReleaseRef } from './release.js'

/** A dry run: what a release would change if it started now. `releaseId` is of no release. */
export interface PreviewInput { release: ReleaseRef; plan: CompiledPlan; acceptedAt: string }

export interface JobPreview {
  stage: string
  job: string
  kind: string
  /** What its target, or what it acts on, would undergo. Empty: nothing outside changes. */
  changes: Change[]
  /** Why it cannot be told beforehand; null: it can. */
  unknown: string | null
}
export interface Preview { jobs: JobPreview[] }

/** Of one dry run; unique, as each is a workflow of its own. */
export const previewWorkflowId = (tenant: string, previewId: string): string => `preview/${tenant}/${previewId}`
