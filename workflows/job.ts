import { sleep, condition } from '@temporalio/workflow'
import type { JobCall, JobResult } from '../activities/contract.js'
import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import { formatDuration } from '../domain/duration.js'
import { failure, type FailureCode } from '../domain/failures.js'
import type { JobStatus } from '../domain/release.js'
import { codeOf, isStopped, mustBeFailure, reasonOf } from './failing.js'
import { byAgent } from './fleet/place.js'
import { within } from './within.js'
import { runStory } from './kinds/index.js'
import type { StoryResult } from './kinds/story.js'
import { kindActivities } from './proxies.js'
import type { ReleaseRun } from './release-run.js'
import { now, since } from './release-state.js'

/** Trying again would say the same. */
const FINAL: readonly (FailureCode | null)[] = ['CRITERIA_NOT_MET', 'APPROVAL_REJECTED', 'APPROVAL_EXPIRED', 'CONFIG_INVALID', 'SECRET_MISSING']
/** People have been asked already. */
export const ANSWERED: readonly (FailureCode | null)[] = ['APPROVAL_REJECTED', 'APPROVAL_EXPIRED']

/** One job to its end: condition, tries, waiting for a person where the plan does not roll back by itself. @throws what it failed with */
export async function runJob(run: ReleaseRun, stage: CompiledStage, job: CompiledJob): Promise<StoryResult> {
  const view = run.state.job(stage.name, job.name)
  const place = { stage: stage.name, job: job.name }
  await run.controls.pausePoint()
  try {
    if (job.condition !== null && !run.holds(job.condition, `job ${job.name}`)) return skipJob(run, stage, job, `condition is false: ${job.condition}`)
    Object.assign(view, { status: 'running' satisfies JobStatus, startedAt: now() })
    const result = await tryJob(run, stage, job)
    Object.assign(view, { status: 'succeeded', endedAt: now(), message: result.message, outputs: result.outputs })
    run.state.event('job.ended', `${job.name} succeeded in ${since(view.startedAt)}${result.message === '' ? '' : `: ${result.message}`}`, { ...place, data: { status: 'succeeded', outputs: result.outputs, artifacts: result.artifacts.map(({ name }) => name) } })
    return result
  } catch (error) {
    mustBeFailure(error)
    const stopped = isStopped(error) && view.message === null // stopped before its next try, it has failed all the same
    view.message ??= stopped ? 'stopped' : reasonOf(error)
    Object.assign(view, { status: stopped ? 'stopped' : 'failed', endedAt: now() })
    run.state.event('job.ended', `${job.name} ${view.status}: ${view.message}`, { ...place, data: { status: view.status, code: codeOf(error) } })
    throw error
  }
}

/** One try after the other; while one is on, the view has no message. */
async function tryJob(run: ReleaseRun, stage: CompiledStage, job: CompiledJob): Promise<StoryResult> {
  const view = run.state.job(stage.name, job.name)
  for (let attempt = 1; ; attempt += 1) {
    Object.assign(view, { attempt: attempt + (run.target?.triesBefore ?? 0), message: null })
    run.state.event('job.started', attempt === 1 ? `${job.name} (${job.kind})` : `${job.name}, try ${attempt}`, { stage: stage.name, job: job.name })
    try { return await act(run, stage, job, run.call(stage, job, attempt)) } catch (error) {
      mustBeFailure(error)
      if (isStopped(error)) throw error
      view.message = reasonOf(error)
      if (!await triesAgain(run, stage, job, attempt, error)) throw error
    }
  }
}

/** Mark a job that will not run. */
export function skipJob(run: ReleaseRun, stage: CompiledStage, job: CompiledJob, why: string): StoryResult {
  Object.assign(run.state.job(stage.name, job.name), { status: 'skipped', message: why })
  run.state.event('job.skipped', `${job.name} skipped: ${why}`, { stage: stage.name, job: job.name })
  return { outputs: {}, message: why, artifacts: [] }
}

/** Snapshot, promise the undo, act. */
async function act(run: ReleaseRun, stage: CompiledStage, job: CompiledJob, call: JobCall): Promise<StoryResult> {
  if (job.acts) run.acted = true
  if (job.runsIn === 'workflow' && job.acts && run.target?.place) throw failure('CONFIG_INVALID', `${job.kind} jobs are carried out by workers, not by an agent: reach ${run.target.ref.name} directly`)
  if (job.runsIn === 'workflow') return within(run.controls, job.timeoutMs, job.name, () => runStory(run, stage, job, call))
  const place = run.target?.place
  const kind = kindActivities(job, place)
  const snapshot = job.hasSnapshot ? await byAgent(place, job.name, () => kind.snapshot(call)) : null
  if (job.hasUndo && stage.phase !== 'rollback') run.undo.promise({ call, snapshot, activity: `${job.kind}.rollback`, what: `${job.name} (${job.kind})`, wave: 'rest', manual: `Take back by hand what ${job.name} did.` })
  const result: JobResult = await byAgent(place, job.name, () => kind.execute(snapshot === null ? call : { ...call, before: snapshot }))
  return result
}

async function triesAgain(run: ReleaseRun, stage: CompiledStage, job: CompiledJob, attempt: number, error: unknown): Promise<boolean> {
  const { retry } = job
  if (attempt < retry.attempts && !FINAL.includes(codeOf(error))) {
    const waitMs = Math.min(retry.intervalMs * retry.backoff ** (attempt - 1), retry.maxIntervalMs)
    run.state.event('job.retrying', `${job.name} failed (${reasonOf(error)}); try ${attempt + 1} of ${retry.attempts} in ${formatDuration(waitMs)}`, { stage: stage.name, job: job.name })
    await sleep(waitMs, { summary: `retry ${job.name}` })
    await run.controls.pausePoint()
    return true
  }
  const isAnswered = ANSWERED.includes(codeOf(error))
  return stage.onError === 'rollback' && stage.phase !== 'rollback' && !run.options.autoRollback && !isAnswered && await asksPerson(run, stage, job, error)
}

/** autoRollback is off: a person says retry, rollback or abort. The last two stop the release from outside. */
export async function asksPerson(run: ReleaseRun, stage: CompiledStage, job: { name: string }, error: unknown): Promise<boolean> {
  const station = run.controls.station(job.name, ['retry'])
  const done = run.state.waitFor({ what: 'failure', where: job.name, who: [], commands: ['retry', 'rollback', 'abort'], detail: `${job.name} failed: ${reasonOf(error)}` })
  try {
    run.state.event('job.retrying', `${job.name} failed (${reasonOf(error)}); waiting for retry, rollback or abort`, { stage: stage.name, job: job.name })
    await condition(() => station.retried)
    return true
  } finally {
    done()
    station.close()
  }
}
