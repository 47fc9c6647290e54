import { rootCause, sleep } from '@temporalio/workflow'
import type { KeptUndo } from '../../activities/fleet/contract.js'
import { undoOrder, type UndoEntry } from '../../domain/undo.js'
import { isStopped, mustBeFailure } from '../failing.js'
import { fleetStore, isWorkflowOpen, undoActivity } from '../proxies.js'
import type { Left, TargetUndoInput, TargetUndoResult } from './inputs.js'
import { byAgent, undoPlaceOf } from './place.js'

/** A target's own workflow is waited for at most so long before its undos run: one that is stuck must not hold up the others. */
const STOPS_WITHIN_MS = 3_600_000

/** Takes back one target from the undos the store kept. One undo that fails is noted, the next goes on. */
export async function targetUndoWorkflow({ waitMs, targetId, ...key }: TargetUndoInput): Promise<TargetUndoResult> {
  const { target, status: from, entries } = await whenStopped(key, targetId)
  const place = undoPlaceOf(target, waitMs)
  for (const entry of undoOrder(entries)) {
    try {
      await byAgent(place, entry.what, () => undoActivity(entry.activity, `undo ${entry.what}`, place)(entry.input))
      Object.assign(entry, { state: 'undone', error: null })
    } catch (error) {
      mustBeFailure(error)
      Object.assign(entry, { state: 'failed', error: isStopped(error) ? 'stopped' : rootCause(error) ?? String(error) })
    }
  }
  const left = leftOf(key.name, entries)
  if (isCutOff(from)) left.push({ what: key.name, error: 'its workflow was cut off', manual: `Look at ${key.name}: nobody knows what was done to it.` })
  const status = left.length > 0 ? 'stuck' as const : 'undone' as const
  await fleetStore['fleet.undone']({
    ...key, status, message: left.length === 0 ? null : left.map(({ what, error }) => `${what}: ${error}`).join('; ').slice(0, 500),
    states: entries.map(({ id, state, error }) => ({ id, state, error })),
  })
  return { from, status, left }
}

const leftOf = (name: string, entries: UndoEntry[]): Left[] =>
  entries.filter(({ state }) => state !== 'undone').map(({ what, error, manual }) => ({ what: `${name}: ${what}`, error: error ?? 'left as it is', manual: `On ${name}: ${manual}` }))
const isCutOff = (status: KeptUndo['status']): boolean => status === 'running' || status === 'waiting'

/** Undo must not run beside a job that still does. */
async function whenStopped(key: Omit<TargetUndoInput, 'targetId' | 'waitMs'>, targetId: string): Promise<Pick<KeptUndo, 'target' | 'status' | 'entries'>> {
  for (let waitedMs = 0, stepMs = 1000; ; stepMs = Math.min(2 * stepMs, 60_000)) {
    const kept = await load(key)
    if (!isCutOff(kept.status) || waitedMs >= STOPS_WITHIN_MS) return kept
    if (!await isWorkflowOpen({ workflowId: targetId })) return load(key)
    await sleep(stepMs, { summary: `${key.name} is still at work` })
    waitedMs += stepMs
  }
}

async function load(key: Omit<TargetUndoInput, 'targetId' | 'waitMs'>): Promise<Pick<KeptUndo, 'target' | 'status' | 'entries'>> {
  const entries: UndoEntry[] = []
  for (let from = 0; ;) {
    const { target, status, entries: some, next } = await fleetStore['fleet.undoOf']({ ...key, from })
    entries.push(...some)
    if (next === null) return { target, status, entries }
    from = next
  }
}
