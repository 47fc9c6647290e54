import { CancellationScope, condition, log, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
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
      await condition(() => this.#state.hasNews || this.#closing || this.#mustCheck)
      const checked = this.#mustCheck ? await this.#desk?.check() : true
      const written = this.#state.hasNews ? await this.#write() : true
      if (!checked || !written) failed = await this.#backOff(failed, checked === true)
      else if (this.#closing && !this.#state.hasNews) return
      else failed = 0
    }
  }

  async #write(): Promise<boolean> {
    this.#show()
    const [events, undo, { view }] = [[...this.#state.news()], this.#undo.takeChanged(), this.#state]
    try {
      await journal({ release: view.release, events, view, undo })
    } catch (error) {
      mustBeFailure(error)
      this.#undo.notWritten(undo)
      log.warn('the journal could not be written; it is tried again', { reason: reasonOf(error) })
      return false
    }
    this.#state.written(events.length)
    return true
  }

  get #mustCheck(): boolean { return this.#desk?.hasUnchecked === true }

  /** A decision does not wait for the database, but one that could not be checked does not go round in circles. */
  async #backOff(failed: number, checks: boolean): Promise<number> {
    const forMs = Math.min(500 * 2 ** failed, 60_000)
    const decided = await condition(() => checks && this.#mustCheck, forMs, { summary: 'the database is away' })
    return decided ? failed : failed + 1
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
