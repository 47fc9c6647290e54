import { CancellationScope, setHandler, sleep } from '@temporalio/workflow'
import type { Begun } from '../../activities/fleet/contract.js'
import { formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import { chunksOf } from '../../domain/undo.js'
import { isStopped, mustBeFailure, reasonOf } from '../failing.js'
import { fleetStore } from '../proxies.js'
import { ReleaseRun } from '../release-run.js'
import { ReleaseState } from '../release-state.js'
import { runJobs } from '../stage.js'
import { UndoLog } from '../undo-log.js'
import type { TargetInput, TargetResult } from './inputs.js'
import { pausedSignal } from './messages.js'
import { placeOf } from './place.js'

const LONGEST_MESSAGE = 500

/**
 * A stage's jobs for one target. What was done, and what would be taken back, is in the store before it ends.
 * @returns how it went; a target that failed has been taken back, unless the plan keeps it
 */
export async function targetWorkflow(input: TargetInput): Promise<TargetResult> {
  const pause = { isOn: input.isPaused, run: null as ReleaseRun | null }
  setHandler(pausedSignal, ({ isPaused }) => { pause.isOn = isPaused; if (pause.run) show(pause.run, isPaused) })
  let run: ReleaseRun | null = null
  let outcome: TargetResult
  try {
    const begun = await whenThere(input)
    if (begun === null) outcome = { status: 'skipped', message: 'it is offline' }
    else {
      run = targetRun(begun)
      pause.run = run
      show(run, pause.isOn)
      outcome = await runOnce(run, begun)
    }
  } catch (error) {
    mustBeFailure(error)
    outcome = { status: isStopped(error) ? 'stopped' : 'failed', message: isStopped(error) ? 'stopped' : reasonOf(error) }
  }
  const said = { ...outcome, message: outcome.message?.slice(0, LONGEST_MESSAGE) ?? null }
  await CancellationScope.nonCancellable(() => end(input, said, run))
  return said
}

/** Its turn, once it is there. Null: it is away and may be skipped. @throws TARGET_UNREACHABLE when it is away and may not */
async function whenThere({ waits, isPaused: _, ...key }: TargetInput): Promise<Begun | null> {
  const fromMs = Date.now()
  for (;;) {
    const begun = await fleetStore['fleet.begin']({ ...key, waits })
    const { offline, offlineWaitMs } = begun.brief.stage.fleet
    if (begun.presence !== 'offline') return begun
    if (offline === 'skip') return null
    const waitedMs = Date.now() - fromMs
    if (offline === 'fail' || waitedMs >= offlineWaitMs) throw failure('TARGET_UNREACHABLE', awayText(begun, offline === 'fail' ? undefined : `it was offline for ${formatDuration(offlineWaitMs)}`))
    await sleep(Math.min(Math.max(waitedMs / 10, 5000), 300_000, offlineWaitMs - waitedMs), { summary: `${key.name} is offline` })
  }
}

/** For how long, and why. */
export const awayText = ({ absence }: Begun, away = 'it is offline'): string => absence === undefined ? away : `${away}: ${absence}`

/** Nobody is asked for one target: what would ask fails. */
export function targetRun({ brief, target, triesBefore }: Begun): ReleaseRun {
  const { release, acceptedAt, stage, scope, options } = brief
  const plan = { name: stage.name, version: null, description: null, owner: null, options: { ...options, autoRollback: true, timeoutMs: null, onInconclusive: options.onInconclusive === 'ask' ? 'rollback' as const : options.onInconclusive }, concurrency: { key: '', policy: 'queue' as const }, window: null, scope, stages: [stage], rollback: [] }
  const state = ReleaseState.ofPlan({ release, plan, acceptedAt, options: { skipApproval: false, doors: [] } })
  const place = placeOf(target, stage.fleet)
  return new ReleaseRun({ state, undo: new UndoLog(state, [], place), scope, options: plan.options, doors: [], skipApproval: false, target: { ref: target, place, triesBefore, jobs: brief.jobs } })
}

async function runOnce(run: ReleaseRun, { brief: { stage } }: Begun): Promise<TargetResult> {
  try {
    await runJobs(run, stage)
    const failed = run.state.stage(stage.name).jobs.filter(({ status }) => status === 'failed')
    return failed.length === 0 ? { status: 'succeeded', message: null } : { status: 'failed', message: failed.map(({ name, message }) => `${name}: ${message ?? 'failed'}`).join('; ') }
  } catch (error) {
    mustBeFailure(error)
    if (isStopped(error)) return { status: 'stopped', message: 'stopped' }
    const failed = run.state.stage(stage.name).jobs.find(({ status }) => status === 'failed')
    const message = `${failed === undefined ? '' : `${failed.name}: `}${reasonOf(error)}`
    if (stage.onError !== 'rollback' || !stage.fleet.rollbackFailed || run.undo.isEmpty) return { status: 'failed', message }
    await run.undo.runAll()
    const left = run.undo.leftOver
    return left.length === 0 ? { status: 'failed', message: `${message}; taken back` }
      : { status: 'stuck', message: `${message}; not taken back: ${left.map(({ what, error: why }) => `${what} (${why ?? ''})`).join(', ')}` }
  }
}

/** Written before it counts as done. */
async function end({ waits: _, isPaused: __, ...key }: TargetInput, { status, message }: TargetResult, run: ReleaseRun | null): Promise<void> {
  const [last = [], ...chunks] = chunksOf(run?.undo.entries ?? []).reverse()
  for (const undo of chunks.reverse()) await fleetStore['fleet.keepUndo']({ ...key, undo })
  await fleetStore['fleet.end']({ ...key, status, message, jobs: run?.state.view.stages[0]?.jobs ?? [], undo: last })
}

function show({ controls, state }: ReleaseRun, isPaused: boolean): void {
  if (isPaused && state.view.paused === null) controls.pause({ by: 'the release' })
  if (!isPaused && state.view.paused !== null) controls.resume({ by: 'the release' })
}

