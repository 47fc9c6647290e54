import type { Foreseen } from '../activities/fleet/contract.js'
import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import type { CompiledFleet } from '../domain/fleet.js'
import { batchOf } from '../domain/fleet.js'
import type { FleetPreview, JobPreview, PreviewInput } from '../domain/preview.js'
import { agentTaskQueue, type TargetRef } from '../domain/target.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { foresee, type Place } from './proxies.js'

/** Asks one job for one target. */
type Ask = (stage: CompiledStage, job: CompiledJob, target: TargetRef, place?: Place) => Promise<JobPreview>
/** Diffs of one stage, in characters: an answer of Temporal's may have 2 MiB. */
const DIFF_CHARACTERS = 300_000
/** An agent that is there takes a question at once. */
const TAKEN_WITHIN_MS = 5000

/** Whom a stage would take, wave by wave, and what would change on the first of them. */
export async function previewFleet({ release }: PreviewInput, stage: CompiledStage & { fleet: CompiledFleet }, ask: Ask): Promise<{ fleet: FleetPreview; jobs: JobPreview[] }> {
  const { batch, parallel } = stage.fleet
  const shape = { stage: stage.name, parallel }
  let seen: Foreseen
  try { seen = await foresee({ release, stage: stage.name, fleet: stage.fleet }) } catch (error) {
    mustBeFailure(error)
    return { fleet: { ...shape, total: 0, leftOut: 0, batch: 0, waves: [], unknown: reasonOf(error) }, jobs: [] }
  }
  const jobs = await Promise.all(seen.waves.flatMap(({ targets }) => targets).flatMap(({ target, presence }) => stage.jobs.map(async (job): Promise<JobPreview> => {
    const isAway = target.via === 'agent' && presence !== 'online'
    if (isAway && job.acts) return { stage: stage.name, job: job.name, kind: job.kind, target: target.name, changes: [], unknown: 'its agent is away: nobody was asked' }
    return ask(stage, job, target, target.via === 'agent' ? { taskQueue: agentTaskQueue(target.id), scheduleToStartTimeout: TAKEN_WITHIN_MS } : undefined)
  })))
  const total = seen.waves.reduce((sum, wave) => sum + wave.total, 0)
  return {
    fleet: { ...shape, total, leftOut: seen.leftOut, batch: Math.min(total, batchOf(batch, total + seen.leftOut)), unknown: null, waves: seen.waves.map(({ name, total: all, targets }) => ({
      name, total: all, targets: targets.map(({ target, presence }) => ({ name: target.name, presence })), more: all - targets.length,
    })) },
    jobs: withinLimit(jobs),
  }
}

/** Diffs in order while there is room for them. */
function withinLimit(jobs: JobPreview[]): JobPreview[] {
  let room = DIFF_CHARACTERS
  return jobs.map((job) => ({ ...job, changes: job.changes.map(({ diff, ...change }) => {
    room -= diff?.length ?? 0
    return diff === undefined || room < 0 ? change : { ...change, diff }
  }) }))
}
