import type { JobCall, JobResult } from '../../activities/contract.js'
import type { CompiledJob, CompiledStage } from '../../domain/compiled-plan.js'
import type { ConfigOf, WorkflowKind } from '../../plan/kinds/index.js'
import type { ReleaseRun } from '../release-run.js'

export interface StoryResult extends JobResult { skipStage?: boolean }
/** A job that is a story of its own. `once` is the same for every try: what was there before the first is the truth. */
export type Story<Kind extends WorkflowKind> = (run: ReleaseRun, job: JobOf<Kind>) => Promise<StoryResult>
export interface JobOf<Kind extends WorkflowKind> { stage: CompiledStage; job: CompiledJob; call: JobCall; config: ConfigOf<Kind> }
