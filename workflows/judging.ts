import type { SideCounters } from '../drivers/traffic/port.js'
import type { JobCall, JudgeInput, RouteRef } from '../activities/contract.js'
import { parseThreshold, type Threshold } from '../domain/criteria.js'
import { durationMs } from '../domain/duration.js'
import type { Criterion } from '../domain/measurement.js'
import type { Phase } from '../plan/kinds/strategy.js'

type Judging = Omit<Phase, 'percentage' | 'duration' | 'approval'>

/** How often to look and over how long, where the plan does not say: a gateway's own counters are cheap to ask. */
export function judgeDefaults(isGateway: boolean, forMs: number, { interval, window }: { interval?: string; window?: string }): { intervalMs: number; windowMs: number } {
  const usual = Math.min(Math.max(forMs / 20, 500), isGateway ? 2000 : 15_000)
  return { intervalMs: interval === undefined ? usual : durationMs(interval), windowMs: window === undefined ? 60_000 : durationMs(window) }
}

/** The judges of one phase: the gateway's counters and, where the plan asks for it, measures from elsewhere. */
export function judgesOf(call: JobCall, { gateway, route }: RouteRef, what: string, phase: Judging, forMs: number, baseline: SideCounters | null): Omit<JudgeInput, 'forMs'>[] {
  const shared = { call, what, baseline, minRequests: phase.minRequests, failureLimit: phase.failureLimit, errorLimit: phase.consecutiveErrorLimit }
  const criteria = own(phase)
  const judges: Omit<JudgeInput, 'forMs'>[] = criteria.length === 0 ? [] : [{ ...shared, source: { type: 'gateway', gateway, route }, criteria, ...judgeDefaults(true, forMs, phase) }]
  const { analysis } = phase
  if (analysis === undefined) return judges
  const source: JudgeInput['source'] = analysis.source === 'json' ? { type: 'json', url: analysis.address ?? '', headers: analysis.headers ?? {} }
    : { type: 'prometheus', address: analysis.address ?? null, headers: analysis.headers ?? {} }
  return [...judges, { ...shared, minRequests: 0, source, criteria: asked(phase), ...judgeDefaults(false, forMs, phase) }]
}

/** All that a phase is judged by. */
export const criteriaOf = (phase: Judging): Criterion[] => [...own(phase), ...asked(phase)]
const own = ({ successCriteria = {} }: Judging): Criterion[] => Object.entries(successCriteria).map(([name, text]) => criterion(name, null, text))
const asked = ({ analysis }: Judging): Criterion[] => analysis?.queries.map(({ name, query, threshold }) => criterion(name, query, threshold)) ?? []
export const criterion = (name: string, query: string | null, text: string | number): Criterion => ({ name, query, threshold: mustParse(parseThreshold(text), text) })

/** The compiler has checked every threshold: one that does not parse is a bug. */
function mustParse(threshold: Threshold | null, text: string | number): Threshold {
  if (threshold === null) throw new Error(`not a threshold: ${text}`)
  return threshold
}
