import { Type, type Static } from 'typebox'
import { durationMs } from '../../domain/duration.js'
import { defineKind } from '../kind.js'
import { AnalysisQuery, Duration, Headers, strict } from '../schema-parts.js'

export const AnalysisConfig = Type.Object({
  source: Type.Union([Type.Literal('prometheus'), Type.Literal('json'), Type.Literal('gateway')], { default: 'prometheus' }),
  address: Type.Optional(Type.String({ description: 'of the Prometheus server (default: PROMETHEUS_URL), or the URL that answers JSON' })),
  route: Type.Optional(Type.String({ description: 'for source gateway: the edge route; queries name errorRate, successRate, p50, p95 or p99' })),
  headers: Type.Optional(Headers),
  duration: Type.Optional(Duration),
  interval: Type.Optional(Duration),
  queries: Type.Array(AnalysisQuery, { minItems: 1 }),
  minRequests: Type.Integer({ minimum: 0, default: 0 }),
  failureLimit: Type.Integer({ minimum: 1, default: 1 }),
  consecutiveErrorLimit: Type.Integer({ minimum: 1, default: 4 }),
}, strict)
export type AnalysisConfig = Static<typeof AnalysisConfig>

/** Watch metrics for a while; fails when one does not meet its threshold. */
export const analysis = defineKind({
  name: 'analysis',
  aliases: ['prometheus-monitor'],
  description: 'Watches metrics for a while and judges them',
  schema: AnalysisConfig,
  runsIn: 'workflow',
  acts: false,
  defaultTimeout: '30d',
  check: (config) => [
    ...(config.source === 'json' && config.address === undefined ? [{ path: 'address', message: 'source json needs address' }] : []),
    ...(config.source === 'gateway' && config.route === undefined ? [{ path: 'route', message: 'source gateway needs route' }] : []),
  ],
  time: ({ duration }) => ({ shortestMs: duration ? durationMs(duration) : 0, longestMs: duration ? durationMs(duration) : 60_000 }),
})
