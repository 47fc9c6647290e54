import { increase, NO_COUNTERS, sum, type Counters } from './counters.js'

/** What a watcher of one side's counters remembers. Small enough for every heartbeat. */
export interface TrafficSeen {
  /** As the gateway gave them last. */
  last: Counters
  /** Counted since the watch began, restarts of the gateway left out. */
  total: Counters
  /** Earlier totals, oldest first: where windows begin. */
  ring: { atMs: number; total: Counters }[]
}

/** A window's beginning is known to a twentieth of its length; so the ring holds about twenty entries. */
const GRAIN = 20

/** `baseline`: what does not count because it was there before. */
export const startWatching = (baseline: Counters, atMs: number): TrafficSeen =>
  ({ last: baseline, total: NO_COUNTERS, ring: [{ atMs, total: NO_COUNTERS }] })

export function watchOn(seen: TrafficSeen, now: Counters, atMs: number, windowMs: number): TrafficSeen {
  const total = sum(seen.total, increase(seen.last, now))
  const newest = seen.ring.at(-1)
  const grown = newest && atMs - newest.atMs < windowMs / GRAIN ? seen.ring : [...seen.ring, { atMs, total }]
  const inside = grown.filter((entry) => entry.atMs >= atMs - windowMs)
  // with readings further apart than the window is long, it begins at the one before
  return { last: now, total, ring: inside.length > 1 ? inside : grown.slice(-2) }
}

/** What was counted within the window that ends now. */
export const inWindow = ({ total, ring }: TrafficSeen): Counters => increase(ring[0]?.total ?? NO_COUNTERS, total)
