import { formatMeasure, formatThreshold, meets } from './criteria.js'
import type { Counters } from './counters.js'
import { quantile } from './histogram.js'
import type { Criterion } from './measurement.js'

/** By criterion name, in base units; null: the source has no data. */
export type Measures = Record<string, number | null>

/** Criteria by what the measures say of them. `unknown`: nothing was measured. */
export interface Findings { unmet: Criterion[]; unknown: Criterion[] }

export function decide(criteria: readonly Criterion[], measures: Measures): Findings {
  const measureOf = ({ name }: Criterion): number | null => measures[name] ?? null
  return {
    unmet: criteria.filter((criterion) => {
      const measure = measureOf(criterion)
      return measure !== null && !meets(criterion.threshold, measure)
    }),
    unknown: criteria.filter((criterion) => measureOf(criterion) === null),
  }
}

/** The measures a gateway's own counters give. */
export const GATEWAY_MEASURES = ['errorRate', 'successRate', 'p50', 'p95', 'p99'] as const
export type GatewayMeasure = (typeof GATEWAY_MEASURES)[number]

/** Rates 0–1, latencies in ms; null when there were no requests. */
export function gatewayMeasure(measure: GatewayMeasure, { requests, errors, latency }: Counters): number | null {
  if (requests === 0) return null
  switch (measure) {
    case 'errorRate': return errors / requests
    case 'successRate': return (requests - errors) / requests
    case 'p50': return quantile(0.5, latency, requests)
    case 'p95': return quantile(0.95, latency, requests)
    case 'p99': return quantile(0.99, latency, requests)
  }
}

/** Why a criterion is not met, for people: `error rate 20% not <1% for shop at 10% (31 of 155 requests)`. */
export function whyUnmet({ name, threshold }: Criterion, measures: Measures, what: string, counted: Counters | null): string {
  const measure = formatMeasure(threshold, measures[name] ?? NaN)
  return `${label(name)} ${measure} not ${formatThreshold(threshold)} for ${what}${counted ? ` (${ofRequests(name, counted)})` : ''}`
}

const label = (name: string): string => ({ errorRate: 'error rate', successRate: 'success rate' })[name] ?? name

function ofRequests(name: string, { requests, errors }: Counters): string {
  switch (name) {
    case 'errorRate': return `${errors} of ${requests} requests`
    case 'successRate': return `${requests - errors} of ${requests} requests`
    default: return `${requests} requests`
  }
}
