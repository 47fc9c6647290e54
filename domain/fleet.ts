import type { ApprovalSpec } from './compiled-plan.js'
import type { JsonObject } from './json.js'
import type { Criterion } from './measurement.js'
import type { TargetType } from './target.js'

/** How a stage goes over its targets: which, in which waves, how many at once, and how many may fail. */
export interface CompiledFleet {
  targets: TargetChoice
  waves: WavePlan[]
  /** Targets of one batch; the next begins when all of them are done. */
  batch: Amount
  /** Between two batches. */
  intervalMs: number
  /** At most so many targets at work at the same time. */
  parallel: number
  /** More failed targets fail the stage. Null: not limited by number. */
  maxFailures: Amount | null
  /** Of the targets that were not skipped; null: not limited by share. */
  minSuccessPercent: number | null
  /** What to do about a target that is away. */
  offline: 'skip' | 'wait' | 'fail'
  /** How long `wait` waits, and how long an undo waits for an agent. */
  offlineWaitMs: number
  /** A target that failed within the limit is taken back by itself. */
  rollbackFailed: boolean
  /** false: a stage that failed asks a person before anything is taken back. */
  autoRollback: boolean
}
/** All conditions must hold. `names`: names or ids; null: any. */
export interface TargetChoice { names: string[] | null; labels: Record<string, string>; type: TargetType | null }
export type Amount = { count: number } | { percent: number }

export interface WavePlan {
  name: string
  /** Whom it takes from what earlier waves left: those named and those with the labels. Null: anyone. */
  among: { names: string[]; labels: Record<string, string> | null } | null
  /** Of `among`, rounded up; null: all. */
  percent: number | null
  approval: ApprovalSpec | null
  verify: WaveCheck | null
}
/** What a wave must stand before the next one begins. */
export interface WaveCheck {
  durationMs: number
  /** A `validation` config, asked for each target of the wave before and after the time; may hold late values. */
  healthCheck: JsonObject | null
  analysis: { source: 'prometheus' | 'json'; address: string | null; headers: JsonObject; criteria: Criterion[]; intervalMs: number | null; failureLimit: number; errorLimit: number } | null
}

type Target = { id: string; name: string; labels: Record<string, string> }
/** `targets`: which of the given, in their order. */
export interface Wave { name: string; targets: number[] }

/**
 * Whom each wave takes. Targets come in the order they are to be taken.
 * @returns also whom no wave takes, and names that are no target
 */
export function planWaves(waves: readonly WavePlan[], targets: readonly Target[]): { waves: Wave[]; leftOut: number[]; missing: string[] } {
  const free = new Set(targets.keys())
  const known = new Set(targets.flatMap(({ id, name }) => [id, name]))
  const planned = waves.map(({ name, among, percent }): Wave => {
    const all = [...targets.keys()].filter((n) => isAmong(targets[n], among))
    const wanted = percent === null ? all.length : Math.ceil(all.length * percent / 100)
    const taken = all.filter((n) => free.has(n)).slice(0, wanted)
    for (const n of taken) free.delete(n)
    return { name, targets: taken }
  })
  return { waves: planned, leftOut: [...free], missing: [...new Set(waves.flatMap(({ among }) => among?.names ?? []))].filter((name) => !known.has(name)) }
}

export const hasLabels = (target: Pick<Target, 'labels'>, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(([name, value]) => Object.hasOwn(target.labels, name) && target.labels[name] === value)

function isAmong(target: Target | undefined, among: WavePlan['among']): boolean {
  if (target === undefined || among === null) return target !== undefined
  return among.names.includes(target.name) || among.names.includes(target.id) || (among.labels !== null && hasLabels(target, among.labels))
}

/** At least one. */
export const batchOf = (amount: Amount, total: number): number => 'count' in amount ? amount.count : Math.max(1, Math.floor(total * amount.percent / 100))

/** How many of `total` targets may fail; what is not limited is not reached. */
export function failuresAllowed({ maxFailures, minSuccessPercent }: Pick<CompiledFleet, 'maxFailures' | 'minSuccessPercent'>, total: number): number {
  const byNumber = maxFailures === null ? Infinity : 'count' in maxFailures ? maxFailures.count : Math.floor(total * maxFailures.percent / 100)
  const byShare = minSuccessPercent === null ? Infinity : total - Math.ceil(total * minSuccessPercent / 100)
  return Math.min(byNumber, byShare, total)
}
