import type { Counters } from '../../domain/counters.js'
import { inWindow, startWatching, watchOn, type TrafficSeen } from '../../domain/traffic-seen.js'
import { NO_COUNTERS } from '../../domain/counters.js'
import { decide, gatewayMeasure, type GatewayMeasure, type Measures } from '../../domain/verdict.js'
import type { JudgeInput } from '../contract.js'
import type { Reading } from './reading.js'

/** What the judge has seen so far: its heartbeat details, so that a retry goes on where the last attempt was cut off. */
export interface Seen {
  startedAtMs: number
  checks: number
  /** Of the last answer, and how long in all there was none between two: the judge or the gateway was away. */
  lastAnswerAtMs: number
  blindMs: number
  /** Readings in a row without an answer. */
  errorsInRow: number
  /** By criterion: readings in a row that did not meet it. */
  failuresInRow: Record<string, number>
  /** The measures of the last answer (of a gateway: over the window), and what they were counted from. */
  latest: { measures: Measures; counted: Counters | null }
  traffic: TrafficSeen | null
}

const USUAL_DELAY_MS = 1000

/** Without a baseline a judge that measures just once takes a gateway's counters from its start on; else the first reading is it. */
export const nothingSeen = (startedAtMs: number, { forMs, baseline }: Pick<JudgeInput, 'forMs' | 'baseline'>): Seen => ({
  startedAtMs, checks: 0, lastAnswerAtMs: startedAtMs, blindMs: 0, errorsInRow: 0, failuresInRow: {}, latest: { measures: {}, counted: null },
  traffic: baseline || forMs === 0 ? startWatching(baseline ?? NO_COUNTERS, startedAtMs) : null,
})

/** A reading without an answer says nothing of the criteria: it neither ends nor lengthens a row of failures. */
export function see(seen: Seen, reading: Reading, atMs: number, input: JudgeInput): Seen {
  const checks = seen.checks + 1
  if (reading.kind === 'silent' || reading.kind === 'refused') return { ...seen, checks, errorsInRow: seen.errorsInRow + 1 }
  const traffic = reading.kind === 'traffic' && reading.counters ? seeTraffic(seen.traffic, reading.counters, atMs, input.windowMs) : seen.traffic
  const latest = reading.kind === 'answers' ? { measures: reading.measures, counted: null } : overWindow(traffic, input)
  const unmet = new Set(decide(input.criteria, latest.measures).unmet.map(({ name }) => name))
  const failuresInRow = Object.fromEntries(input.criteria.map(({ name }) => [name, unmet.has(name) ? (seen.failuresInRow[name] ?? 0) + 1 : 0]))
  const gapMs = atMs - seen.lastAnswerAtMs
  const blindMs = seen.blindMs + (gapMs > 2 * input.intervalMs + USUAL_DELAY_MS ? gapMs : 0)
  return { ...seen, checks, errorsInRow: 0, failuresInRow, latest, traffic, lastAnswerAtMs: atMs, blindMs }
}

const seeTraffic = (traffic: TrafficSeen | null, counters: Counters, atMs: number, windowMs: number): TrafficSeen =>
  traffic ? watchOn(traffic, counters, atMs, windowMs) : startWatching(counters, atMs)

/** Too few requests in the window say nothing yet. */
function overWindow(traffic: TrafficSeen | null, input: JudgeInput): Seen['latest'] {
  const counted = traffic ? inWindow(traffic) : NO_COUNTERS
  return { counted, measures: counted.requests < input.minRequests ? {} : gatewayMeasures(input, counted) }
}

/** Over the whole hold: what is judged at its end. */
export function overAll(seen: Seen, { source, ...input }: JudgeInput): Seen['latest'] {
  if (source.type !== 'gateway') return seen.latest
  const counted = seen.traffic?.total ?? NO_COUNTERS
  return { counted, measures: gatewayMeasures(input, counted) }
}

/** `query` names the measure where a criterion has a name of its own. */
const gatewayMeasures = ({ criteria }: Pick<JudgeInput, 'criteria'>, counted: Counters): Measures =>
  Object.fromEntries(criteria.map(({ name, query }) => [name, gatewayMeasure((query ?? name) as GatewayMeasure, counted)]))
