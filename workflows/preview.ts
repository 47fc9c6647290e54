import type { JobCall } from '../activities/contract.js'
import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import { lateParts } from '../domain/late-value.js'
import type { JobPreview, Preview, PreviewInput } from '../domain/preview.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { previewActivity } from './proxies.js'

/** Kinds that shift traffic tell what they would do by one activity. */
const TRAFFIC: readonly string[] = ['rollout', 'gateway']

/**
 * A dry run: asks the driver of every job what it would change; touches nothing, takes no lock, writes no journal.
 * @returns what each job would change, in the plan's order; a far side that does not say is told as unknown
 */
export async function previewWorkflow(input: PreviewInput): Promise<Preview> {
  const jobs = input.plan.stages.flatMap((stage) => stage.jobs.map((job) => previewJob(input, stage, job)))
  return { jobs: await Promise.all(jobs) }
}

async function previewJob({ release, acceptedAt }: PreviewInput, stage: CompiledStage, job: CompiledJob): Promise<JobPreview> {
  const told = (changes: JobPreview['changes'], unknown: string | null = null): JobPreview => ({ stage: stage.name, job: job.name, kind: job.kind, changes, unknown })
  if (!job.acts) return told([])
  const refs = lateParts(job.config).flatMap((part) => 'ref' in part ? [part.ref] : [])
  if (refs.length > 0) return told([], `it takes ${refs.join(', ')}, known only once that job is done`)
  if (job.runsIn === 'workflow' && !TRAFFIC.includes(job.kind)) return told([{ what: `${job.name} (${job.kind})`, action: 'run', before: null, after: null }])
  const call: JobCall = {
    release, acceptedAt, stage: stage.name, job: job.name, kind: job.kind, attempt: 1, target: null,
    idempotencyKey: `${release.releaseId}/${stage.name}/${job.name}/1`, config: job.config, variables: job.variables,
  }
  try { return told(await previewActivity(TRAFFIC.includes(job.kind) ? 'rollout' : job.kind, job.name)(call)) } catch (error) {
    mustBeFailure(error)
    return told([], reasonOf(error))
  }
}
