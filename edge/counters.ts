import { LATENCY_BOUNDS_MS } from '../domain/counters.js'

/** What one version has answered behind one route in one role, since the gateway started. */
export class Counters {
  /** By first digit of the status, 1–5. A client that went away counts as 4 (nginx' 499). */
  readonly byClass = [0, 0, 0, 0, 0, 0]
  errors = 0
  sumMs = 0
  /** Requests per bound (not cumulative); the last is for those above every bound. */
  readonly #buckets: number[] = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0)

  /** @param failed a 5xx answer, or none, or one that broke off */
  count(status: number, failed: boolean, tookMs: number): void {
    const statusClass = Math.floor(status / 100)
    this.byClass[statusClass] = (this.byClass[statusClass] ?? 0) + 1
    if (failed) this.errors++
    this.sumMs += tookMs
    let bucket = 0
    while (bucket < LATENCY_BOUNDS_MS.length && tookMs > (LATENCY_BOUNDS_MS[bucket] ?? Infinity)) bucket++
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
  }

  get requests(): number { return this.byClass.reduce((sum, count) => sum + count, 0) }

  /** Cumulative counts by upper bound; those above the last bound are `requests` less its count. */
  latency(): { le: number; count: number }[] {
    let count = 0
    return LATENCY_BOUNDS_MS.map((le, n) => ({ le, count: count += this.#buckets[n] ?? 0 }))
  }
}
