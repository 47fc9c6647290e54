/** A double for tests of workflows and activities: keeps the traffic contract in memory, carries no traffic, fails on demand. */
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import type { Answer, RouteMetrics, RouteSplit, SideCounters, TrafficPort } from './port.js'
import { sameSplit } from './same-split.js'

const BOUNDS_MS = [1, 5, 10, 50, 100, 250, 500, 1000, 5000]
const DEFAULT_PORT = 8000

export class MemoryTraffic implements TrafficPort {
  readonly can = { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: true, percentStep: 0.01 } as const
  /** Every change that was put in force, in order; null: the route was taken away. A change without effect is none. */
  readonly history: { route: string; split: RouteSplit | null }[] = []
  /** Every call that came in, whether it had an effect or not. */
  calls = 0
  /** Not null: every change is refused for this reason. */
  refuseBecause: string | null = null
  /** Not null: nothing is answered and nothing done; the text says why. */
  unreachableBecause: string | null = null
  /** Every answer comes this late. */
  answerAfterMs = 0
  /** So many of the next changes are put in force, and their answers lost. */
  loseAnswers = 0
  /** Every change arrives twice, as after a repeated send. */
  deliverTwice = false
  readonly #routes = new Map<string, RouteSplit>()
  readonly #requests = new Map<string, { tookMs: number; failed: boolean }[]>()
  readonly #open = new Map<string, number>()

  async read(route: string): Promise<RouteSplit | null> {
    await this.#reached()
    return structuredClone(this.#routes.get(route) ?? null)
  }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> { return this.#change(route, split) }
  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> { return this.#change(route, snapshot) }

  async metrics(route: string): Promise<RouteMetrics | null> {
    await this.#reached()
    const split = this.#routes.get(route)
    if (!split) return null
    return { stable: this.#counters(route, split.stable?.id), candidate: this.#counters(route, split.candidate?.id), at: new Date().toISOString() }
  }

  async drain(route: string, sideId: string): Promise<{ open: number }> {
    await this.#reached()
    return { open: this.#open.get(key(route, sideId)) ?? 0 }
  }

  /** As if clients had asked: `count` requests answered by a side. */
  answered(route: string, sideId: string, count: number, { failed = false, tookMs = 10 } = {}): void {
    const requests = this.#requests.get(key(route, sideId)) ?? []
    this.#requests.set(key(route, sideId), requests)
    for (let n = 0; n < count; n++) requests.push({ tookMs, failed })
  }

  /** As if `open` requests were under way on a side. */
  underWay(route: string, sideId: string, open: number): void { this.#open.set(key(route, sideId), open) }

  async #change(route: string, split: RouteSplit | null): Promise<Answer> {
    await this.#reached()
    const refusal = this.refuseBecause ?? (split ? invalid(split) : null)
    if (refusal !== null) return { refused: true, reason: refusal }
    for (let times = this.deliverTwice ? 2 : 1; times > 0; times--) this.#put(route, split)
    if (this.loseAnswers > 0) {
      this.loseAnswers--
      throw failure('TARGET_UNREACHABLE', `the answer about ${route} was lost`)
    }
    return { refused: false, split: structuredClone(this.#routes.get(route) ?? null) }
  }

  #put(route: string, split: RouteSplit | null): void {
    const current = this.#routes.get(route) ?? null
    const next = split && { ...structuredClone(split), listen: split.listen ?? current?.listen ?? { port: DEFAULT_PORT } }
    if (next === current || (next && current && sameSplit(next, current))) return
    if (next) this.#routes.set(route, next)
    else this.#routes.delete(route)
    this.history.push({ route, split: structuredClone(next) })
  }

  async #reached(): Promise<void> {
    this.calls++
    if (this.answerAfterMs > 0) await sleep(this.answerAfterMs)
    if (this.unreachableBecause !== null) throw failure('TARGET_UNREACHABLE', this.unreachableBecause)
  }

  #counters(route: string, sideId: string | undefined): SideCounters {
    const requests = sideId === undefined ? [] : this.#requests.get(key(route, sideId)) ?? []
    return {
      requests: requests.length, errors: requests.filter(({ failed }) => failed).length,
      latency: BOUNDS_MS.map((le) => ({ le, count: requests.filter(({ tookMs }) => tookMs <= le).length })),
    }
  }
}

const key = (route: string, sideId: string): string => `${route}\0${sideId}`

/** What the gateway would not take. */
function invalid({ percent, stable, candidate }: RouteSplit): string | null {
  if (!(percent >= 0 && percent <= 100)) return `percent must be a number from 0 to 100, not ${percent}`
  if (stable && candidate && stable.id === candidate.id) return `candidate.id must differ from stable.id ${stable.id}`
  return null
}
