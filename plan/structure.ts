import type { CompiledStage, OnError, StagePhase } from '../domain/compiled-plan.js'
import type { JsonObject } from '../domain/json.js'
import type { Condition, ConfigCheck, Use } from './config-check.js'
import { approvalOf } from './approval.js'
import type { IssueList } from './issue.js'
import { JobCompiler, type JobDraft, type JobSettings } from './jobs.js'
import { asksPeople, fleetOf } from './fleet.js'
import type { LateNode, MapNode, Place } from './node.js'
import { planSchema } from './plan-keywords.js'
import { PipelineSpec, StageSpec } from './plan-schema.js'
import type { StageDraft } from './stages.js'

/** A stage as far as it stands by itself; how jobs hang together is the graph's. */
export interface StageResult {
  stage: CompiledStage
  /** Also those of a kind this build lacks. */
  jobs: JobDraft[]
  rollback: boolean
  /** Where its name is written. */
  place: Place
  /** Of the stage itself. */
  conditions: Condition[]
  /** Values of its health checks that each target fills in. */
  lateNodes: LateNode[]
}

/** Check each stage and its jobs. */
export function compileStages({ drafts, pipeline, check, issues, settings }: {
  drafts: readonly StageDraft[]; pipeline: MapNode | null; check: ConfigCheck; issues: IssueList; settings: JobSettings
}): StageResult[] {
  if (pipeline) check.shape(planSchema(PipelineSpec), pipeline, structural())
  const jobs = new JobCompiler(check, issues, settings)
  const stages = drafts.map((draft) => compileStage(draft, { check, issues, jobs }))
  jobs.reportUnknownKinds()
  return stages
}

/** How plan files outside job configs are read: all of it is known before the release starts. */
export const structural = (): Use & { places: Map<string, Place>; conditions: Condition[] } =>
  ({ late: 'refuse', trail: [], path: '', places: new Map(), conditions: [] })

function compileStage(draft: StageDraft, { check, issues, jobs }: { check: ConfigCheck; issues: IssueList; jobs: JobCompiler }): StageResult {
  const use = structural()
  const fields = (check.shape(planSchema(StageSpec), draft.node, use) ?? {}) as Partial<StageSpec> & JsonObject
  const drafts = draft.jobs.map((job) => jobs.compile(job))
  const lateNodes: LateNode[] = []
  const fleet = fleetOf(draft.node, fields, use.places, { check, issues, lateNodes })
  const stage: CompiledStage = {
    name: fields.name ?? '',
    description: fields.description ?? null,
    phase: (draft.phase ?? fields.phase ?? 'release') satisfies StagePhase,
    onError: (fields.onError ?? (draft.rollback ? 'continue' : 'rollback')) satisfies OnError,
    parallel: fields.parallel ?? draft.parallel,
    condition: fields.condition ?? null,
    approval: approvalOf(fields, use.places, issues),
    jobs: drafts.flatMap(({ compiled }) => compiled ? [compiled] : []),
    ...fleet && { fleet },
  }
  if (fleet) for (const { compiled, place } of drafts) if (compiled && asksPeople(compiled.kind, compiled.config)) issues.add('CONFIG_INVALID', place, `${compiled.name} would ask a person once a target: ask by the stage's approval or its strategy`)
  return { stage, jobs: drafts, rollback: draft.rollback, place: use.places.get('name') ?? draft.node.place, conditions: use.conditions, lateNodes }
}
