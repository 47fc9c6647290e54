/** What a gateway has counted, cumulative. `latency` counts requests by upper bound in ms, as Prometheus' `le`. */
export interface Counters { requests: number; errors: number; latency: { le: number; count: number }[] }

/** Upper bounds in ms where we count ourselves, dense where criteria such as `p95 < 300ms` are judged. */
export const LATENCY_BOUNDS_MS: readonly number[] = [1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000]

export const NO_COUNTERS: Counters = { requests: 0, errors: 0, latency: [] }

/**
 * What was counted between two readings. Any value that fell means the gateway was restarted and counts from zero:
 * then all of `now` came since (https://prometheus.io/docs/prometheus/latest/querying/functions/#rate).
 */
export function increase(before: Counters, now: Counters): Counters {
  return fell(before, now) ? combine(now, NO_COUNTERS, (value) => value) : combine(now, before, (value, was) => value - was)
}

export const sum = (a: Counters, b: Counters): Counters => combine(b, a, (value, was) => value + was)

const fell = (before: Counters, now: Counters): boolean =>
  now.requests < before.requests || now.errors < before.errors
  || now.latency.some(({ le, count }) => count < countAt(before, le))

/** The bounds are `a`'s; the open last one (`+Inf`, which JSON cannot carry) says no more than `requests` does. */
function combine(a: Counters, b: Counters, how: (a: number, b: number) => number): Counters {
  return {
    requests: how(a.requests, b.requests),
    errors: how(a.errors, b.errors),
    latency: a.latency.filter(({ le }) => Number.isFinite(le)).map(({ le, count }) => ({ le, count: how(count, countAt(b, le)) })),
  }
}

const countAt = ({ latency }: Counters, le: number): number => latency.find((bucket) => bucket.le === le)?.count ?? 0
