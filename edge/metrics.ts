import { LATENCY_BOUNDS_MS } from '../domain/counters.js'
import type { Counters } from './counters.js'
import type { LiveRoute } from './live-route.js'
import type { Sides } from './live-side.js'
import type { Routes } from './routes.js'

export interface SideCounters { requests: number; errors: number; latency: { le: number; count: number }[] }
/** GET /routes/:name/metrics: the sides the route has now; `latency` is cumulative, bounds in ms. */
export interface RouteMetrics { stable: SideCounters; candidate: SideCounters; at: string }

export const routeMetrics = (route: LiveRoute): RouteMetrics =>
  ({ stable: sideCounters(route.stable?.counters), candidate: sideCounters(route.candidate?.counters), at: new Date().toISOString() })

/** GET /metrics in Prometheus' text format 0.0.4, former sides included. */
export function prometheusText(routes: Routes, openRequests: number): string {
  const series = routes.list().flatMap(({ name }) => [...seriesOf(routes.sides, name)])
  const lines = (of: (each: { labels: string; counters: Counters }) => string[]): string[] => series.flatMap(of)
  return [
    '# HELP releasectl_edge_requests_total Requests answered, by status class.', '# TYPE releasectl_edge_requests_total counter',
    ...lines(({ labels, counters }) => counters.byClass.flatMap((count, code) => count === 0 && code !== 2 ? [] : [`releasectl_edge_requests_total{${labels},code="${code}xx"} ${count}`])),
    '# HELP releasectl_edge_request_errors_total Requests a version answered with 5xx, broke off or did not answer.', '# TYPE releasectl_edge_request_errors_total counter',
    ...lines(({ labels, counters }) => [`releasectl_edge_request_errors_total{${labels}} ${counters.errors}`]),
    '# HELP releasectl_edge_request_duration_seconds From the request\'s headers to the answer\'s end.', '# TYPE releasectl_edge_request_duration_seconds histogram',
    ...lines(histogram),
    '# HELP releasectl_edge_unserved_total Requests to a route without any version.', '# TYPE releasectl_edge_unserved_total counter',
    ...routes.list().map(({ name }) => `releasectl_edge_unserved_total{route="${escaped(name)}"} ${routes.live(name)?.unserved ?? 0}`),
    '# HELP releasectl_edge_split_percent The candidate\'s share in force.', '# TYPE releasectl_edge_split_percent gauge',
    ...routes.list().map(({ name, percent }) => `releasectl_edge_split_percent{route="${escaped(name)}"} ${percent}`),
    '# HELP releasectl_edge_open_requests Requests under way.', '# TYPE releasectl_edge_open_requests gauge',
    `releasectl_edge_open_requests ${openRequests}`, '',
  ].join('\n')
}

function* seriesOf(sides: Sides, route: string): Generator<{ labels: string; counters: Counters }> {
  for (const { role, side, counters } of sides.series(route)) {
    yield { labels: `route="${escaped(route)}",side="${role}",version="${escaped(side.version)}",release="${escaped(side.id)}"`, counters }
  }
}

function histogram({ labels, counters }: { labels: string; counters: Counters }): string[] {
  const name = 'releasectl_edge_request_duration_seconds'
  return [
    ...counters.latency().map(({ le, count }) => `${name}_bucket{${labels},le="${le / 1000}"} ${count}`),
    `${name}_bucket{${labels},le="+Inf"} ${counters.requests}`, `${name}_sum{${labels}} ${counters.sumMs / 1000}`, `${name}_count{${labels}} ${counters.requests}`,
  ]
}

const sideCounters = (counters: Counters | undefined): SideCounters => counters
  ? { requests: counters.requests, errors: counters.errors, latency: counters.latency() }
  : { requests: 0, errors: 0, latency: LATENCY_BOUNDS_MS.map((le) => ({ le, count: 0 })) }

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
