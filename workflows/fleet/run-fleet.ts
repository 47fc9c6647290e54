import { CancellationScope, condition, startChild, workflowInfo, type ChildWorkflowHandle } from '@temporalio/workflow'
import type { FleetKey, Selected } from '../../activities/fleet/contract.js'
import { batchOf, failuresAllowed } from '../../domain/fleet.js'
import { failure } from '../../domain/failures.js'
import type { Json, JsonObject } from '../../domain/json.js'
import type { FleetView, WaveView } from '../../domain/target-run.js'
import { codeOf, isStopped, mustBeFailure, reasonOf } from '../failing.js'
import { ANSWERED, asksPerson } from '../job.js'
import { fleetStore } from '../proxies.js'
import type { ReleaseRun } from '../release-run.js'
import { now, since } from '../release-state.js'
import { verifyWave } from './verify.js'
import type { FleetStage } from './fleets.js'
import { waveWorkflowId, type RunWave, type WaveResult } from './inputs.js'
import { hurrySignal, pausedSignal } from './messages.js'
import { stageKey } from './stage-key.js'

/** A release hears of a wave about so often, whatever its size. */
const TELLINGS = 50

/**
 * The jobs of a stage on each of its targets, wave by wave. One undo stands for all of them, promised before the first.
 * @throws TARGETS_FAILED when more failed than may; what a wave's check or a person said no with
 */
export async function runFleet(run: ReleaseRun, stage: FleetStage): Promise<void> {
  const shown = run.state.stage(stage.name)
  for (const job of shown.jobs) Object.assign(job, { status: 'running', startedAt: now() })
  try {
    const { release } = run.state.view
    const key: FleetKey = { release, stage: stageKey(stage) }
    const selected = await fleetStore['fleet.select']({ ...key, brief: briefOf(run, stage) })
    const view = show(run, stage, selected)
    if (stage.jobs.some(({ acts }) => acts)) {
      run.acted = true
      if (stage.phase !== 'rollback') run.undo.promiseFleet(stage.name, {
        ...key, parentId: workflowInfo().workflowId, waves: selected.waves.length, parallel: stage.fleet.parallel, waitMs: stage.fleet.offlineWaitMs, open: null, result: { undone: 0, leftCount: 0, left: [] },
      }, `Take back by hand what the jobs of ${stage.name} did on its targets.`)
    }
    for (;;) {
      const problem = await goOver(run, stage, key, selected, view)
      if (problem === null) break
      if (!await isTriedAgain(run, stage, problem)) throw problem
    }
    for (const job of shown.jobs) Object.assign(job, { status: 'succeeded', endedAt: now() })
  } catch (error) {
    mustBeFailure(error)
    for (const job of shown.jobs) Object.assign(job, { status: isStopped(error) ? 'stopped' : 'failed', endedAt: now(), message: isStopped(error) ? 'stopped' : reasonOf(error) })
    throw error
  }
}

/** Each wave that has not passed yet. @returns what the stage failed with; null: all is well */
async function goOver(run: ReleaseRun, stage: FleetStage, key: FleetKey, { names, waves }: Selected, view: FleetView): Promise<Error | null> {
  let [first, isHurried] = [0, false]
  for (const [n, { count }] of waves.entries()) {
    const [plan, shown, members] = [stage.fleet.waves[n], view.waves[n], names.slice(first, first + count)]
    first += count
    if (plan === undefined || shown === undefined || shown.status === 'passed') continue
    if (count === 0) { shown.status = 'skipped'; continue }
    try {
      await run.controls.pausePoint()
      if (plan.approval !== null) {
        shown.status = 'approving'
        await run.desk.ask(`${stage.name}/${plan.name}`, plan.approval, { stage: stage.name })
      }
      const result = await runWave(run, stage, key, { n, members, shown, view })
      if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested
      if (result.isOver) throw tooMany(run, stage, view, result)
      if (plan.verify !== null && !isHurried) {
        shown.status = 'verifying'
        isHurried = await verifyWave(run, stage, key, n, plan.verify) === 'full'
      }
      Object.assign(shown, { status: 'passed', endedAt: now() })
      run.state.event('wave.ended', `${plan.name} passed: ${tally(result)} in ${since(shown.startedAt)}`, { stage: stage.name, data: { wave: plan.name, ...result.tally } })
    } catch (error) {
      mustBeFailure(error)
      Object.assign(shown, { status: 'failed', endedAt: now() })
      if (isStopped(error)) throw error
      run.state.event('wave.ended', `${plan.name} failed: ${reasonOf(error)}`, { stage: stage.name, data: { wave: plan.name } })
      return error
    }
  }
  const { succeeded = 0, skipped = 0, undone = 0, uninstalled = 0 } = view.counts
  const takenOut = undone + uninstalled // by a person: neither a success nor a failure
  const counted = view.total - skipped - takenOut
  const missing = counted - succeeded - failuresAllowed(stage.fleet, counted)
  if (succeeded === 0 || missing > 0) return failure('TARGETS_FAILED', `${succeeded} of ${view.total} targets succeeded, ${skipped} were skipped${takenOut > 0 ? `, ${takenOut} taken back by hand` : ''}: too few`)
  return null
}

async function runWave(run: ReleaseRun, stage: FleetStage, key: FleetKey, { n, members, shown, view }: { n: number; members: string[]; shown: WaveView; view: FleetView }): Promise<WaveResult> {
  const { fleet } = stage
  const statuses = run.fleets.statusesOf(stage)
  const failedElsewhere = [...statuses].filter(([name, status]) => (status === 'failed' || status === 'stuck') && !members.includes(name)).length
  const tellEvery = Math.max(1, Math.ceil(view.total / TELLINGS))
  const parentId = workflowInfo().workflowId
  Object.assign(shown, { status: 'running', startedAt: shown.startedAt ?? now(), endedAt: null, done: members.filter((name) => statuses.get(name) === 'succeeded').length, failed: 0 })
  run.state.event('wave.started', `${shown.name}: ${members.length} of ${view.total} targets`, { stage: stage.name, data: { wave: shown.name, targets: members.length } })
  const handle = await startChild<RunWave>('fleetWorkflow', {
    workflowId: waveWorkflowId(parentId, key.stage, n), parentClosePolicy: 'REQUEST_CANCEL', staticSummary: `${stage.name}, ${shown.name}: ${members.length} targets`.slice(0, 100),
    args: [{
      ...key, wave: n, name: shown.name, parentId, batch: batchOf(fleet.batch, view.total), intervalMs: fleet.intervalMs, parallel: fleet.parallel, tellEvery, waits: fleet.offline === 'wait',
      allowed: failuresAllowed(fleet, view.total) - failedElsewhere, isPaused: run.controls.isPaused, next: 0, inBatch: 0, tally: { succeeded: 0, failed: 0, skipped: 0, stuck: 0, stopped: 0, told: 0 },
    }],
  })
  run.fleets.setWave(stage, handle)
  const over = { yes: false }
  const station = run.controls.station(stage.name, fleet.intervalMs > 0 ? ['promote'] : [], 'intervals')
  void relay(run, handle, station, over).catch(mustBeFailure)
  try {
    const result = await handle.result()
    run.fleets.note(key.stage, result.changes, n)
    return result
  } finally {
    over.yes = true
    station.close()
    run.fleets.setWave(stage, null)
  }
}

/** What people say to the release while a wave runs reaches the wave. */
async function relay(run: ReleaseRun, handle: ChildWorkflowHandle<RunWave>, station: ReturnType<ReleaseRun['controls']['station']>, over: { yes: boolean }): Promise<void> {
  let isPaused = run.controls.isPaused
  for (;;) {
    await condition(() => over.yes || run.controls.isPaused !== isPaused || station.promoted !== null)
    if (over.yes) return
    if (run.controls.isPaused !== isPaused) {
      isPaused = run.controls.isPaused
      await handle.signal(pausedSignal, { isPaused })
    }
    if (station.promoted !== null) {
      const all = station.promoted === 'full'
      station.promoted = null
      await handle.signal(hurrySignal, { all })
    }
  }
}

async function isTriedAgain(run: ReleaseRun, stage: FleetStage, problem: Error): Promise<boolean> {
  const isLeftToPeople = !(run.options.autoRollback && stage.fleet.autoRollback) && stage.onError === 'rollback' && stage.phase !== 'rollback'
  return isLeftToPeople && !ANSWERED.includes(codeOf(problem)) && await asksPerson(run, stage, { name: stage.name }, problem)
}

function tooMany(run: ReleaseRun, { fleet }: FleetStage, view: FleetView, { failures }: WaveResult): Error {
  const { failed = 0, stuck = 0 } = view.counts
  const first = failures.length > 0 ? failures : view.failing.map(({ target, message }) => `${target}: ${message ?? 'failed'}`)
  return failure('TARGETS_FAILED', `${failed + stuck} of ${view.total} targets failed, at most ${failuresAllowed(fleet, view.total)} may${stuck > 0 ? ` and none may be left half-way` : ''}: ${first.slice(0, 3).join('; ')}${failed + stuck > 3 ? ' …' : ''}`)
}

const tally = ({ tally: { succeeded, failed, skipped } }: WaveResult): string =>
  [`${succeeded} succeeded`, ...failed > 0 ? [`${failed} failed`] : [], ...skipped > 0 ? [`${skipped} skipped`] : []].join(', ')

function show(run: ReleaseRun, stage: FleetStage, { names, waves }: Selected): FleetView {
  const total = waves.reduce((sum, { count }) => sum + count, 0)
  const view: FleetView = {
    total: names.length, counts: { pending: total, ...(names.length > total && { skipped: names.length - total }) }, failing: [],
    waves: waves.map(({ name, count }) => ({ name, targets: count, done: 0, failed: 0, status: 'pending', startedAt: null, endedAt: null })),
  }
  run.state.stage(stage.name).fleet = view
  run.fleets.open(stage, names, names.length - total)
  run.state.event('targets.chosen', `${names.length} targets: ${waves.map(({ name, count }) => `${count} in ${name}`).join(', ')}${names.length > total ? `; no wave takes ${names.length - total}` : ''}`, { stage: stage.name, data: { targets: names.length } })
  return view
}

/** Of earlier jobs only what the stage names: it is in every target's history. */
function briefOf(run: ReleaseRun, stage: FleetStage): Parameters<(typeof fleetStore)['fleet.select']>[0]['brief'] {
  const { release, acceptedAt, stages } = run.state.view
  const text = JSON.stringify(stage)
  const jobs: JsonObject = Object.fromEntries(stages.flatMap((one) => one.jobs).filter(({ name }) => text.includes(name)).map(({ name, status, outputs }): [string, Json] => [name, { status, outputs }]))
  return { release, acceptedAt, stage, scope: run.scope, options: run.options, jobs }
}
