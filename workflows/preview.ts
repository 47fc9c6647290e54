import type { JobCall } from '../activities/contract.js'
import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import { lateParts } from '../domain/late-value.js'
import type { JobPreview, Preview, PreviewInput } from '../domain/preview.js'
import type { TargetRef } from '../domain/target.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { byAgent } from './fleet/place.js'
import { previewFleet } from './preview-fleet.js'
import { previewActivity, type Place } from './proxies.js'

/** Kinds that shift traffic tell what they would do by one activity. */
const TRAFFIC: readonly string[] = ['rollout', 'gateway']

/**
 * A dry run: asks the driver of every job what it would change; touches nothing, takes no lock, writes no journal.
 * @returns what each job would change, in the plan's order; a far side that does not say is told as unknown
 */
export async function previewWorkflow(input: PreviewInput): Promise<Preview> {
  const stages = await Promise.all(input.plan.stages.map(async (stage) => {
    const { fleet } = stage
    if (fleet) return previewFleet(input, { ...stage, fleet }, (of, job, target, place) => previewJob(input, of, job, target, place))
    return { fleet: null, jobs: await Promise.all(stage.jobs.map((job) => previewJob(input, stage, job))) }
  }))
  return { jobs: stages.flatMap(({ jobs }) => jobs), fleets: stages.flatMap(({ fleet }) => fleet ?? []) }
}

async function previewJob({ release, acceptedAt }: PreviewInput, stage: CompiledStage, job: CompiledJob, target: TargetRef | null = null, place?: Place): Promise<JobPreview> {
  const told = (changes: JobPreview['changes'], unknown: string | null = null): JobPreview => ({ stage: stage.name, job: job.name, kind: job.kind, target: target?.name ?? null, changes, unknown })
  if (!job.acts) return told([])
  const refs = lateParts(job.config).flatMap((part) => 'ref' in part ? [part.ref] : [])
  if (refs.length > 0) return told([], `it takes ${refs.join(', ')}, known only once that job is done`)
  if (job.runsIn === 'workflow' && place) return told([], `${job.kind} jobs are carried out by workers, not by an agent`)
  if (job.runsIn === 'workflow' && !TRAFFIC.includes(job.kind)) return told([{ what: `${job.name} (${job.kind})`, action: 'run', before: null, after: null }])
  const call: JobCall = {
    release, acceptedAt, stage: stage.name, job: job.name, kind: job.kind, attempt: 1, target,
    idempotencyKey: `${release.releaseId}/${stage.name}/${job.name}${target === null ? '' : `@${target.name}`}/1`, config: job.config, variables: job.variables, ...(job.plugin && { plugin: job.plugin }),
  }
  const ask = previewActivity(TRAFFIC.includes(job.kind) ? 'rollout' : job.kind, job.name, target === null ? undefined : { ...place })
  try { return told(await byAgent(place, job.name, () => ask(call))) } catch (error) {
    mustBeFailure(error)
    return told([], reasonOf(error))
  }
}
