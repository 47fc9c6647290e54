import type { StagePhase } from '../domain/compiled-plan.js'
import type { IssueList } from './issue.js'
import { describe, entryOf, isNull, lastStep, mapNode, textOf, type MapNode, type Node, type Place } from './node.js'
import { canonicalKey } from './normalise.js'
import { propertiesOf } from './plan-keywords.js'
import { PipelineSpec, StageSpec } from './plan-schema.js'

/** A stage before its check. */
export interface StageDraft {
  node: MapNode
  jobs: MapNode[]
  /** Fixed by where the stage stands; null: as it says. */
  phase: StagePhase | null
  /** Where the plan does not say. */
  parallel: boolean
  rollback: boolean
}

const PHASES = { preRelease: 'pre_release', release: 'release', postRelease: 'post_release' } as const

/** The stages of a plan, or of spec 2's `pipeline`, and those of `rollback`. */
export function stageDrafts(root: MapNode, issues: IssueList): StageDraft[] {
  const stages = entryOf(root, 'stages')
  const pipeline = root.entries.get('pipeline')
  if (stages && pipeline) issues.add('UNKNOWN_KEY', pipeline.key, 'a plan has stages or a pipeline, not both')
  else if (!stages && !pipeline) issues.add('MISSING_KEY', root.place, 'the plan needs stages')
  const rollback = entryOf(root, 'rollback')
  if (rollback?.type === 'map') for (const [key, { key: place }] of rollback.entries) if (key !== 'stages') issues.add('UNKNOWN_KEY', place, `${key} is not known here; allowed: stages`)
  if (rollback && rollback.type !== 'map' && !isNull(rollback)) issues.add('WRONG_TYPE', rollback.place, `rollback is ${describe(rollback)}; it must be a map with stages`)
  return [
    ...pipeline ? pipelineStages(pipeline.value, issues) : listed(stages, issues).map((node) => draft(node, issues, false)),
    ...listed(entryOf(rollback, 'stages'), issues).map((node) => draft(node, issues, true)),
  ]
}

/** Spec 2's pipeline stands alone in its file: what else a plan needs is added. */
export function withPipelineHeader(root: MapNode): MapNode {
  const pipeline = root.entries.get('pipeline')
  if (!pipeline) return root
  const { key: place } = pipeline
  const scalar = (value: string): { key: Place; value: Node } => ({ key: place, value: { type: 'scalar', place, value } })
  const name = textOf(entryOf(pipeline.value, 'name'))
  return mapNode(root.place, [
    ['apiVersion', scalar('devops.release/v1')], ['kind', scalar('ReleasePlan')],
    ['metadata', { key: place, value: mapNode(place, [['name', scalar(name ?? 'pipeline')]]) }],
    ...root.entries,
  ])
}

function pipelineStages(pipeline: Node, issues: IssueList): StageDraft[] {
  if (pipeline.type !== 'map') {
    issues.add('WRONG_TYPE', pipeline.place, `pipeline is ${describe(pipeline)}; it must be a map`)
    return []
  }
  const lists = [...pipeline.entries].map(([key, { value }]) => ({ name: canonicalKey(key, propertiesOf(PipelineSpec)), value }))
  return Object.entries(PHASES).flatMap(([key, phase]): StageDraft[] => {
    const list = lists.find(({ name }) => name === key)?.value
    if (!list || isNull(list)) return []
    const name = { key: list.place, value: { type: 'scalar' as const, place: list.place, value: phase } }
    return [{ node: mapNode(list.place, [['name', name]]), jobs: listed(list, issues), phase, parallel: false, rollback: false }]
  })
}

function draft(node: MapNode, issues: IssueList, rollback: boolean): StageDraft {
  const properties = propertiesOf(StageSpec)
  const jobs = [...node.entries].filter(([key]) => canonicalKey(key, properties) === 'jobs')
  const [first, second] = jobs
  if (second) issues.add('DUPLICATE_KEY', second[1].key, 'jobs and tasks are the same key')
  return { node, jobs: listed(first?.[1].value, issues), phase: rollback ? 'rollback' : null, parallel: true, rollback }
}

/** A list of maps; nothing and null are an empty one. */
function listed(list: Node | undefined, issues: IssueList): MapNode[] {
  if (!list || isNull(list)) return []
  if (list.type !== 'list') {
    issues.add('WRONG_TYPE', list.place, `${lastStep(list.place)} is ${describe(list)}; it must be a list`)
    return []
  }
  return list.items.filter((item): item is MapNode => {
    if (item.type !== 'map') issues.add('WRONG_TYPE', item.place, `${lastStep(item.place)} is ${describe(item)}; it must be a map`)
    return item.type === 'map'
  })
}
