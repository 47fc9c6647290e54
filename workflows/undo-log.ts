import { CancellationScope, executeChild, rootCause, workflowInfo } from '@temporalio/workflow'
import type { SealedSnapshot, JobCall, UndoCall } from '../activities/contract.js'
import { failure } from '../domain/failures.js'
import type { Json } from '../domain/json.js'
import { undoOrder, type UndoEntry } from '../domain/undo.js'
import { isStopped, mustBeFailure } from './failing.js'
import type { FleetUndoInput, FleetUndoResult } from './fleet/inputs.js'
import { RESTORE_ROUTE, undoActivity, type Place } from './proxies.js'
import type { ReleaseState } from './release-state.js'
import { routeOf } from './route-of.js'

interface Promised { call: JobCall; snapshot: SealedSnapshot | null; activity: string; what: string; wave: UndoEntry['wave']; manual: string }

/** Compensations as data, in the order they were promised. */
export class UndoLog {
  #changed = new Set<UndoEntry>()
  readonly entries: UndoEntry[]
  readonly #state: ReleaseState
  readonly #place: Place | undefined
  /** @param place who takes back; left out: any worker */
  constructor(state: ReleaseState, entries: UndoEntry[] = [], place?: Place) {
    this.#state = state
    this.entries = entries
    this.#place = place
    this.#show()
  }

  /**
   * Promise an undo. Call it before the action: one that timed out may still have happened.
   * Promised again, as a job is tried again: the first snapshot is the true one, and the last try is the one that may
   * still be under way when it is taken back.
   */
  promise({ call, snapshot, activity, what, wave, manual }: Promised): void {
    const id = `${call.stage}/${call.job}/${activity}`
    const there = this.entries.find((entry) => entry.id === id)
    const input: UndoCall = { call, snapshot: there ? (there.input as unknown as UndoCall).snapshot : snapshot }
    if (there) {
      there.input = input as unknown as Json
      this.#changed.add(there)
      return
    }
    this.#add({ id, stage: call.stage, job: call.job, what, wave, activity, input: input as unknown as Json, manual, state: 'promised', error: null })
  }

  /** Promise to take back all targets of a stage, whichever of them will have been reached. */
  promiseFleet(stage: string, input: FleetUndoInput, manual: string): void {
    const id = `${stage}/targets`
    if (this.entries.some((entry) => entry.id === id)) return
    this.#add({ id, stage, job: '', what: `targets of ${stage}`, wave: 'rest', activity: 'fleetUndoWorkflow', runsIn: 'workflow', input: input as unknown as Json, manual, state: 'promised', error: null })
  }

  get isEmpty(): boolean { return this.entries.length === 0 }
  get leftOver(): UndoEntry[] { return this.entries.filter(({ state }) => state !== 'undone') }

  /** What the journal is to write now; what changes meanwhile is written the next time. */
  takeChanged(): UndoEntry[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }
  notWritten(entries: UndoEntry[]): void { this.#changed = new Set([...entries, ...this.#changed]) }

  /** Undo all that is not undone: traffic first, then last in, first out; past any that fails. Cannot be cancelled. */
  async runAll(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const entry of undoOrder(this.entries)) await this.#undo(entry)
    })
  }

  async #undo(entry: UndoEntry): Promise<void> {
    const { stage, job, what } = entry
    this.#state.event('undo.started', `taking back: ${what}`, { stage, job })
    try {
      if (entry.runsIn === 'workflow') await this.#undoFleet(entry)
      else await undoActivity(entry.activity, `undo ${what}`, this.#place)(entry.input)
      Object.assign(entry, { state: 'undone', error: null })
      this.#showUndone(entry)
      this.#state.event('undo.done', `taken back: ${what}`, { stage, job })
    } catch (error) {
      mustBeFailure(error)
      Object.assign(entry, { state: 'failed', error: isStopped(error) ? 'stopped' : rootCause(error) ?? String(error) })
      this.#state.event('undo.failed', `could not take back ${what}: ${entry.error ?? ''}. ${entry.manual}`, { stage, job })
    }
    this.#changed.add(entry)
    this.#show()
  }

  /** @throws UNDO_FAILED when a target could not be taken back; the others are */
  async #undoFleet(entry: UndoEntry): Promise<void> {
    const { left, leftCount, undone } = await executeChild<(input: FleetUndoInput) => Promise<FleetUndoResult>>(entry.activity, {
      workflowId: `${workflowInfo().workflowId}/${entry.stage}/undo`, args: [entry.input as unknown as FleetUndoInput],
      parentClosePolicy: 'ABANDON', staticSummary: `take back ${entry.what}`,
    })
    entry.left = left
    if (leftCount > 0) throw failure('UNDO_FAILED', `${leftCount} of ${leftCount + undone} targets could not be taken back: ${left.slice(0, 3).map(({ what, error }) => `${what} (${error})`).join(', ')}${leftCount > 3 ? ' …' : ''}`)
  }

  #add(entry: UndoEntry): void {
    this.entries.push(entry)
    this.#changed.add(entry)
    this.#show()
  }

  #showUndone({ activity, input, job, stage, runsIn }: UndoEntry): void {
    if (runsIn === 'workflow') for (const one of this.#state.stage(stage).jobs) if (one.status === 'succeeded') one.status = 'undone'
    if (activity === RESTORE_ROUTE) this.#state.splitRestored(routeOf(input))
    const view = this.#state.jobNamed(job)
    const all = this.entries.filter((entry) => entry.job === job)
    if (view?.status === 'succeeded' && all.every(({ state }) => state === 'undone')) view.status = 'undone'
  }

  #show(): void {
    const { view } = this.#state // what an earlier take-back undid stays to be seen
    const known = view.undo.filter(({ id }) => !this.entries.some((entry) => entry.id === id))
    view.undo = [...known, ...this.entries.map(({ id, what, state, error, manual }) => ({ id, what, state, error, manual }))]
  }
}
