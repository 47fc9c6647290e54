import { formatMeasure } from '../../domain/criteria.js'
import type { JudgeVerdict } from '../../domain/release.js'
import { decide, whyUnmet } from '../../domain/verdict.js'
import type { JudgeInput, JudgeResult } from '../contract.js'
import type { Reading } from './reading.js'
import { overAll, type Seen } from './seen.js'

/** The verdict after a reading; null when it takes another one. */
export function verdictOn(seen: Seen, reading: Reading, atMs: number, input: JudgeInput): JudgeResult | null {
  const { criteria, what } = input
  const result = (verdict: JudgeVerdict, reason: string, { measures, counted } = seen.latest): JudgeResult =>
    ({ verdict, reason, measures: measuresOf(criteria, measures), requests: input.source.type === 'gateway' ? counted?.requests ?? 0 : null, checks: seen.checks })
  if (reading.kind === 'refused') return result('inconclusive', reading.why)
  if (reading.kind === 'silent') {
    return seen.errorsInRow < input.errorLimit ? null : result('outage', `no measure of ${what} ${seen.errorsInRow} times in a row: ${reading.why}`)
  }
  const failed = criteria.filter(({ name }) => (seen.failuresInRow[name] ?? 0) >= input.failureLimit)
  if (failed.length > 0) return result('fail', reasons(failed, seen.latest, what))
  if (atMs < seen.startedAtMs + input.forMs) return null

  const all = overAll(seen, input)
  const { unmet, unknown } = decide(criteria, all.measures)
  const tooFew = criteria.length > 0 && all.counted && all.counted.requests < input.minRequests
  if (tooFew && atMs < seen.startedAtMs + input.forMs + seen.blindMs) return null // time that nobody could look is made up for
  if (tooFew) return result('inconclusive', `${all.counted?.requests ?? 0} of ${input.minRequests} requests for ${what}`, all)
  if (unmet.length > 0) return all.counted ? result('fail', reasons(unmet, all, what), all) : null // a query's row of failures is played out
  if (unknown.length > 0) return result('inconclusive', `${all.counted?.requests === 0 ? 'no requests' : `no data for ${unknown.map(({ name }) => name).join(', ')}`} for ${what}`, all)
  return result('pass', passed(input, all), all)
}

const reasons = (unmet: JudgeInput['criteria'], { measures, counted }: Seen['latest'], what: string): string =>
  unmet.map((criterion) => whyUnmet(criterion, measures, what, counted)).join('; ')

function passed({ criteria, what }: JudgeInput, { measures, counted }: Seen['latest']): string {
  if (criteria.length === 0) return `nothing to judge for ${what}`
  const texts = criteria.map(({ name, threshold }) => `${name} ${formatMeasure(threshold, measures[name] ?? NaN)}`)
  return `${texts.join(', ')} for ${what}${counted ? ` (${counted.requests} requests)` : ''}`
}

const measuresOf = (criteria: JudgeInput['criteria'], measures: Seen['latest']['measures']): JudgeResult['measures'] =>
  Object.fromEntries(criteria.map(({ name }) => [name, measures[name] ?? null]))
