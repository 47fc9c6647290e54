import { ApplicationFailure } from '@temporalio/common'
import type { Counters } from '../../domain/counters.js'
import { failure } from '../../domain/failures.js'
import { GATEWAY_MEASURES, type Measures } from '../../domain/verdict.js'
import type { Criterion, MetricSource } from '../../domain/measurement.js'
import type { MetricQuery, MetricsPort } from '../../drivers/metrics/port.js'
import type { TrafficPort } from '../../drivers/traffic/port.js'

/** One measurement: what the source said. `silent`: it did not answer. `refused`: it does not understand the question. */
export type Reading =
  | { kind: 'traffic'; counters: Counters | null }
  | { kind: 'answers'; measures: Measures }
  | { kind: 'silent' | 'refused'; why: string }

export interface Sources {
  gateways: Record<string, TrafficPort>
  metrics: MetricsPort
  /** For plans that name no address. */
  prometheusUrl: string | null
}

/** Ask the source once. An error that is no answer of the source's is let through. */
export async function takeReading(sources: Sources, source: MetricSource, headers: Record<string, string>, criteria: Criterion[], signal: AbortSignal): Promise<Reading> {
  if (criteria.length === 0) return { kind: 'answers', measures: {} }
  try {
    return source.type === 'gateway'
      ? { kind: 'traffic', counters: await askGateway(sources.gateways, source, criteria) }
      : { kind: 'answers', measures: await askQueries(sources, source, headers, criteria, signal) }
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    switch (error.type) {
      case 'TARGET_UNREACHABLE': return { kind: 'silent', why: error.message }
      case 'TARGET_REFUSED': case 'CONFIG_INVALID': return { kind: 'refused', why: error.message }
      default: throw error
    }
  }
}

async function askGateway(gateways: Sources['gateways'], { gateway, route }: { gateway: string; route: string }, criteria: Criterion[]): Promise<Counters | null> {
  const port = gateways[gateway]
  if (!port?.metrics) throw failure('CONFIG_INVALID', port ? `gateway ${gateway} keeps no counters to judge successCriteria by: judge by analysis, or give it its access log where it can have one` : `no gateway ${gateway}; known: ${Object.keys(gateways).join(', ')}`)
  const unknown = criteria.map(({ query, name }) => query ?? name).find((name) => !(GATEWAY_MEASURES as readonly string[]).includes(name))
  if (unknown !== undefined) throw failure('CONFIG_INVALID', `a gateway has no measure ${unknown}: ${GATEWAY_MEASURES.join(', ')}`)
  return (await port.metrics(route))?.candidate ?? null
}

/** All queries at once; one that is not understood weighs more than one that is not answered. */
async function askQueries({ metrics, prometheusUrl }: Sources, source: Exclude<MetricSource, { type: 'gateway' }>, headers: Record<string, string>, criteria: Criterion[], signal: AbortSignal): Promise<Measures> {
  const asked = await Promise.allSettled(criteria.map(async ({ name, query }) =>
    [name, await metrics.measure(metricQuery(source, query ?? name, headers, prometheusUrl), signal)] as const))
  const errors = asked.flatMap((one) => one.status === 'rejected' ? [one.reason as Error] : [])
  const [worst] = errors.sort((a, b) => Number(isSilence(a)) - Number(isSilence(b)))
  if (worst !== undefined) throw worst
  return Object.fromEntries(asked.flatMap((one) => one.status === 'fulfilled' ? [one.value] : []))
}

const isSilence = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === 'TARGET_UNREACHABLE'

function metricQuery(source: Exclude<MetricSource, { type: 'gateway' }>, query: string, headers: Record<string, string>, prometheusUrl: string | null): MetricQuery {
  if (source.type === 'json') return { source: 'json', url: source.url, path: query, headers }
  const address = source.address ?? prometheusUrl
  if (address === null) throw failure('CONFIG_INVALID', 'no Prometheus to ask: the plan names no address and PROMETHEUS_URL is not set')
  return { source: 'prometheus', address, query, headers }
}
