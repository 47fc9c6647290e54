import type { LockAnswer, LockRequest } from '../activities/contract.js'
import { failure } from '../domain/failures.js'
import type { EnvironmentView } from './messages.js'

export const LEASE_MS = 60_000
interface Entry { releaseId: string; workflowId: string; sinceMs: number }
interface Holder extends Entry { token: number; leaseUntilMs: number }
interface Freeze { reason: string; by: string; sinceMs: number; untilMs: number | null }
export interface LockState { holder: Holder | null; queue: Entry[]; freeze: Freeze | null; lastToken: number }
/** A word the environment owes a release. */
export interface Notice { releaseId: string; workflowId: string; what: 'granted' | 'superseded'; token: number; by: string }

/** The rules of the lock, without Temporal: who holds it, who waits, who must be told. Times in ms since epoch. */
export class LockQueue {
  readonly #key: string
  readonly #state: LockState
  #notices: Notice[] = []
  constructor(key: string, state: LockState | null) {
    this.#key = key
    this.#state = state ?? { holder: null, queue: [], freeze: null, lastToken: 0 }
  }

  /** Asking twice is asking once; who asked last is who is told: a take-back asks in its release's name. */
  acquire({ releaseId, workflowId, concurrency: { policy } }: LockRequest, nowMs = Date.now()): LockAnswer {
    const { holder, queue } = this.#state
    if (holder?.releaseId === releaseId) {
      holder.workflowId = workflowId
      return { state: 'granted', token: holder.token }
    }
    const waiting = queue.findIndex((entry) => entry.releaseId === releaseId)
    Object.assign(queue[waiting] ?? {}, { workflowId })
    if (waiting >= 0) return { state: 'queued', position: waiting + 1, holder: this.#holderName() }
    const entry = { releaseId, workflowId, sinceMs: nowMs }
    if (holder === null && queue.length === 0 && this.#state.freeze === null) return { state: 'granted', token: this.#grant(entry, nowMs) }
    if (policy === 'reject') return { state: 'refused', holder: this.#holderName(), workflowId: holder?.workflowId ?? null }
    if (policy === 'supersede') {
      const older = [...(holder ? [holder] : []), ...queue]
      for (const other of older) this.#notices.push({ releaseId: other.releaseId, workflowId: other.workflowId, what: 'superseded', token: 0, by: releaseId })
      this.#state.queue = []
    }
    this.#state.queue.push(entry)
    return { state: 'queued', position: this.#state.queue.length, holder: this.#holderName() }
  }

  giveBack(releaseId: string): void {
    this.#state.queue = this.#state.queue.filter((entry) => entry.releaseId !== releaseId)
    if (this.#state.holder?.releaseId === releaseId) this.#state.holder = null
    this.#next()
  }

  freeze({ reason, by, until }: { reason: string; by: string; until: string | null }): EnvironmentView {
    const untilMs = until === null ? null : Date.parse(until)
    if (untilMs !== null && Number.isNaN(untilMs)) throw failure('REQUEST_INVALID', `until must be ISO 8601, not ${until ?? ''}`)
    this.#state.freeze = { reason, by, sinceMs: Date.now(), untilMs }
    return this.view()
  }
  unfreeze(): EnvironmentView {
    this.#state.freeze = null
    this.#next()
    return this.view()
  }
  /** Lift a freeze whose time is over. */
  thaw(nowMs: number): void { if ((this.#state.freeze?.untilMs ?? Infinity) <= nowMs) this.unfreeze() }

  /** The holder whose lease is over while somebody waits. */
  holderToCheck(nowMs: number): Entry | null {
    const { holder, queue } = this.#state
    return holder !== null && queue.length > 0 && holder.leaseUntilMs <= nowMs ? holder : null
  }
  checked(releaseId: string, open: boolean, nowMs: number): void {
    if (!open) this.giveBack(releaseId)
    else if (this.#state.holder?.releaseId === releaseId) this.#state.holder.leaseUntilMs = nowMs + LEASE_MS
  }

  /** How long nothing can change by itself, in ms. */
  nextLookMs(nowMs: number, idleMs: number): number {
    const { holder, queue, freeze } = this.#state
    const lease = holder !== null && queue.length > 0 ? holder.leaseUntilMs - nowMs : Infinity
    const thaw = freeze?.untilMs == null ? Infinity : freeze.untilMs - nowMs
    return Math.max(1, Math.min(lease, thaw, idleMs))
  }
  get isIdle(): boolean { return this.#state.holder === null && this.#state.queue.length === 0 && this.#state.freeze === null && !this.hasNotices }
  get hasNotices(): boolean { return this.#notices.length > 0 }
  takeNotices(): Notice[] {
    const notices = this.#notices
    this.#notices = []
    return notices
  }
  save(): LockState { return this.#state }

  view(): EnvironmentView {
    const { holder, queue, freeze } = this.#state
    return {
      key: this.#key,
      holder: holder && { releaseId: holder.releaseId, token: holder.token, since: iso(holder.sinceMs), leaseUntil: iso(holder.leaseUntilMs) },
      queue: queue.map(({ releaseId, sinceMs }) => ({ releaseId, since: iso(sinceMs) })),
      freeze: freeze && { reason: freeze.reason, by: freeze.by, since: iso(freeze.sinceMs), until: freeze.untilMs === null ? null : iso(freeze.untilMs) },
    }
  }

  #next(): void {
    if (this.#state.holder !== null || this.#state.freeze !== null) return
    const entry = this.#state.queue.shift()
    if (entry === undefined) return
    const token = this.#grant(entry, Date.now())
    this.#notices.push({ releaseId: entry.releaseId, workflowId: entry.workflowId, what: 'granted', token, by: '' })
  }

  /** Tokens only grow, past the end of this workflow's run too: they start from the clock. */
  #grant(entry: Entry, nowMs: number): number {
    const token = Math.max(this.#state.lastToken + 1, nowMs)
    this.#state.lastToken = token
    this.#state.holder = { ...entry, token, sinceMs: nowMs, leaseUntilMs: nowMs + LEASE_MS }
    return token
  }

  #holderName(): string {
    const { holder, freeze, queue } = this.#state
    return holder?.releaseId ?? (freeze ? `a freeze by ${freeze.by}: ${freeze.reason}` : queue[0]?.releaseId ?? 'nobody')
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()
