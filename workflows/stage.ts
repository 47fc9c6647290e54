import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import { isStopped, mustBeFailure } from './failing.js'
import { runFleet } from './fleet/run-fleet.js'
import { inParallel } from './in-parallel.js'
import { runJob, skipJob } from './job.js'
import type { ReleaseRun } from './release-run.js'
import { now } from './release-state.js'

/** A gated group of jobs. @throws the failure of its first failed job, unless the stage goes on after errors */
export async function runStage(run: ReleaseRun, stage: CompiledStage): Promise<void> {
  const view = run.state.stage(stage.name)
  await run.controls.pausePoint()
  if (stage.condition !== null && !run.holds(stage.condition, `stage ${stage.name}`)) {
    view.status = 'skipped'
    for (const job of stage.jobs) run.state.job(stage.name, job.name).status = 'skipped'
    return run.state.event('stage.ended', `${stage.name} skipped: condition is false: ${stage.condition}`, { stage: stage.name })
  }
  try {
    if (stage.approval !== null) {
      view.status = 'approving'
      await run.desk.ask(stage.name, stage.approval, { stage: stage.name })
    }
    Object.assign(view, { status: 'running', startedAt: now() })
    run.state.event('stage.started', stage.name, { stage: stage.name })
    const { fleet = null } = stage
    if (fleet) await goingOn(stage, () => runFleet(run, { ...stage, fleet }))
    else await runJobs(run, stage)
    const failed = view.jobs.some(({ status }) => status === 'failed')
    Object.assign(view, { status: failed ? 'failed' : 'succeeded', endedAt: now() })
    run.state.event('stage.ended', `${stage.name} ${failed ? 'failed; the release goes on' : 'succeeded'}`, { stage: stage.name })
  } catch (error) {
    mustBeFailure(error)
    Object.assign(view, { status: isStopped(error) ? 'stopped' : 'failed', endedAt: now() })
    if (stage.onError === 'stop' && !isStopped(error)) run.stopsWhereItIs = true
    run.state.event('stage.ended', `${stage.name} ${view.status}`, { stage: stage.name })
    throw error
  }
}

/** Each job as soon as what it depends on is done; where the stage is not parallel, also not before the one above it. */
export async function runJobs(run: ReleaseRun, stage: CompiledStage): Promise<void> {
  const done = new Map<string, Promise<void>>()
  const settle = new Map<string, () => void>()
  for (const { name } of stage.jobs) done.set(name, new Promise((resolve) => settle.set(name, resolve)))
  const lost = new Set<string>() // failed, or skipped because of one that did
  let skipRest: string | null = null
  let isOver = false // a job has failed the stage: what has not begun does not begin
  await inParallel(stage.jobs.map((job, n) => async () => {
    try {
      for (const before of earlier(stage, job, n)) await done.get(before)
      const without = job.dependsOn.find((name) => lost.has(name))
      if (isOver) return
      if (without !== undefined) lost.add(job.name)
      if (skipRest !== null) skipJob(run, stage, job, skipRest)
      else if (without !== undefined) skipJob(run, stage, job, `${without}, which it depends on, did not succeed`)
      else {
        const result = await goingOn(stage, () => runJob(run, stage, job))
        if (result === null) lost.add(job.name)
        else if (result.skipStage === true) skipRest = `${job.name} skips the rest of the stage`
      }
    } catch (error) {
      isOver = true
      throw error
    } finally { settle.get(job.name)?.() }
  }))
}

const earlier = (stage: CompiledStage, job: CompiledJob, n: number): string[] =>
  stage.parallel ? job.dependsOn : stage.jobs.slice(0, n).map(({ name }) => name)

async function goingOn<T>(stage: CompiledStage, work: () => Promise<T>): Promise<T | null> {
  try { return await work() } catch (error) {
    mustBeFailure(error)
    if (stage.onError === 'continue' && !isStopped(error)) return null
    throw error
  }
}
