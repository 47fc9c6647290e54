import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import type { CompiledFleet } from '../domain/fleet.js'
import { kindNamed } from './kind-named.js'

/** From the shortest to the longest it can take, in ms. Infinity: nothing ends it. */
export interface Span { shortestMs: number; longestMs: number }
export const NO_TIME: Span = { shortestMs: 0, longestMs: 0 }
export const after = (a: Span, b: Span): Span => ({ shortestMs: a.shortestMs + b.shortestMs, longestMs: a.longestMs + b.longestMs })
export const beside = (a: Span, b: Span): Span => ({ shortestMs: Math.max(a.shortestMs, b.shortestMs), longestMs: Math.max(a.longestMs, b.longestMs) })

/** One job: as its kind says, at most its timeout, times its attempts and the waits between. A condition may skip it. */
export function jobSpan({ kind: name, config, timeoutMs, retry, condition }: CompiledJob): Span {
  const kind = kindNamed(name)
  const own = withoutLate(() => kind?.time?.(config)) ?? { shortestMs: 0, longestMs: timeoutMs }
  const once = Math.min(own.longestMs, timeoutMs)
  const shortestMs = Math.min(own.shortestMs, timeoutMs)
  return { shortestMs: condition === null ? shortestMs : 0, longestMs: once + (retry.attempts - 1) * timeoutMs + waits(retry) }
}

/** Approval, then the jobs: the longest chain of those that wait for each other, or all of them in turn. */
export function stageSpan(stage: CompiledStage): Span {
  const approval = { shortestMs: 0, longestMs: stage.approval?.expiresMs ?? 0 }
  const once = stage.parallel ? criticalPath(stage.jobs) : stage.jobs.map(jobSpan).reduce(after, NO_TIME)
  const whole = after(approval, stage.fleet ? fleetSpan(stage.fleet, once) : once)
  return stage.condition === null ? whole : { ...whole, shortestMs: 0 }
}

/** How many targets there will be is not known: batches by number have no end that could be told. */
function fleetSpan({ waves, batch, intervalMs, offline, offlineWaitMs }: CompiledFleet, once: Span): Span {
  const batches = 'percent' in batch ? Math.ceil(100 / batch.percent) : Infinity
  const waited = offline === 'wait' ? offlineWaitMs : 0
  const runs: Span = { shortestMs: once.shortestMs, longestMs: batches === Infinity ? Infinity : waves.length * (batches * (once.longestMs + waited) + (batches - 1) * intervalMs) }
  return waves.map(({ approval, verify }): Span => ({ shortestMs: verify?.durationMs ?? 0, longestMs: (approval?.expiresMs ?? 0) + (verify?.durationMs ?? 0) })).reduce(after, runs)
}

/** Jobs so that each comes after what it waits for; as written where nothing decides. */
export function inGraphOrder(jobs: readonly CompiledJob[]): CompiledJob[] {
  const ordered: CompiledJob[] = []
  const placed = new Set<string>()
  let open = [...jobs]
  while (open.length > 0) {
    const ready = open.filter(({ dependsOn }) => dependsOn.every((name) => placed.has(name)))
    if (ready.length === 0) return [...ordered, ...open]
    for (const job of ready) placed.add(job.name)
    ordered.push(...ready)
    open = open.filter(({ name }) => !placed.has(name))
  }
  return ordered
}

function criticalPath(jobs: readonly CompiledJob[]): Span {
  const ends = new Map<string, Span>()
  for (const job of inGraphOrder(jobs)) {
    const start = job.dependsOn.map((name) => ends.get(name) ?? NO_TIME).reduce(beside, NO_TIME)
    ends.set(job.name, after(start, jobSpan(job)))
  }
  return [...ends.values()].reduce(beside, NO_TIME)
}

function waits({ attempts, intervalMs, backoff, maxIntervalMs }: CompiledJob['retry']): number {
  let total = 0
  for (let n = 0; n < attempts - 1; n++) total += Math.min(intervalMs * backoff ** n, maxIntervalMs)
  return total
}

/** A kind cannot say what depends on a value that is known only later. */
export function withoutLate<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
