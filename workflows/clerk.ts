import { CancellationScope, condition, log, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow'
import type { ApprovalDesk } from './approval-desk.js'
import { details } from './details.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { journal } from './proxies.js'
import { RELEASE_STATUS } from './search-attributes.js'
import type { ReleaseState } from './release-state.js'
import type { UndoLog } from './undo-log.js'

/**
 * Writes the journal and checks decisions: one loop beside all branches, because local activities belong in one place.
 * A database that is away keeps events pending, never a branch waiting.
 */
export class Clerk {
  readonly #state: ReleaseState
  readonly #undo: UndoLog
  readonly #desk: ApprovalDesk | null
  #shownStatus = ''
  #closing = false
  #done: Promise<void> = Promise.resolve()
  constructor(state: ReleaseState, undo: UndoLog, desk: ApprovalDesk | null) {
    this.#state = state
    this.#undo = undo
    this.#desk = desk
  }

  open(): void { this.#done = CancellationScope.nonCancellable(() => this.#work()) }

  /** All that has happened is written when it returns. */
  async close(): Promise<void> {
    this.#closing = true
    await CancellationScope.nonCancellable(() => this.#done)
  }

  async #work(): Promise<void> {
    for (let failed = 0; ;) {
      await condition(() => this.#state.hasNews || this.#closing || this.#desk?.hasUnchecked === true)
      if (this.#desk?.hasUnchecked === true) await this.#desk.check()
      if (this.#state.hasNews) failed = await this.#write() ? 0 : await this.#backOff(failed)
      else if (this.#closing) return
    }
  }

  async #write(): Promise<boolean> {
    this.#show()
    const [events, undo, { view }] = [[...this.#state.news()], this.#undo.changed(), this.#state]
    try {
      await journal({ release: view.release, events, view, undo })
    } catch (error) {
      mustBeFailure(error)
      log.warn('the journal could not be written; it is tried again', { reason: reasonOf(error) })
      return false
    }
    this.#state.written(events.length)
    this.#undo.written(undo)
    return true
  }

  async #backOff(failed: number): Promise<number> {
    await sleep(Math.min(500 * 2 ** failed, 60_000), { summary: 'the database is away' })
    return failed + 1
  }

  /** For the Temporal Web UI. */
  #show(): void {
    const { view } = this.#state
    setCurrentDetails(details(view))
    if (view.status === this.#shownStatus) return
    this.#shownStatus = view.status
    upsertSearchAttributes([{ key: RELEASE_STATUS, value: view.status }])
  }
}
