import { Type, type Static } from 'typebox'
import { AnalysisQuery, Approval, Duration, Headers, Percent, strict, ThresholdText } from '../schema-parts.js'

export const Sticky = Type.Object({
  by: Type.Union([Type.Literal('cookie'), Type.Literal('header'), Type.Literal('address')]),
  name: Type.Optional(Type.String({ minLength: 1, description: 'of the cookie or header' })),
}, strict)

/** What the candidate's own measures at the gateway must be. */
export const SuccessCriteria = Type.Object({
  errorRate: Type.Optional(ThresholdText),
  successRate: Type.Optional(ThresholdText),
  p50: Type.Optional(ThresholdText),
  p95: Type.Optional(ThresholdText),
  p99: Type.Optional(ThresholdText),
}, strict)

/** Measures from elsewhere that are judged as well. */
export const Analysis = Type.Object({
  source: Type.Union([Type.Literal('prometheus'), Type.Literal('json')], { default: 'prometheus' }),
  address: Type.Optional(Type.String({ description: 'of the Prometheus server, or the URL that answers JSON' })),
  headers: Type.Optional(Headers),
  queries: Type.Array(AnalysisQuery, { minItems: 1 }),
}, strict)

/** How a hold is judged. */
export const Judging = {
  successCriteria: Type.Optional(SuccessCriteria),
  analysis: Type.Optional(Analysis),
  minRequests: Type.Integer({ minimum: 0, default: 20, description: 'fewer on the candidate say nothing: the verdict is inconclusive' }),
  interval: Type.Optional(Duration),
  window: Type.Optional(Duration),
  failureLimit: Type.Integer({ minimum: 1, default: 1, description: 'measurements in a row that must fail' }),
  consecutiveErrorLimit: Type.Integer({ minimum: 1, default: 4, description: 'measurements in a row the source may not answer before it is an outage' }),
}

export const Phase = Type.Object({
  percentage: Percent,
  duration: Type.Optional(Duration),
  mirrorPercent: Type.Optional(Type.Number({ ...Percent, description: 'percent of the stable version\'s requests of which the new one gets a copy; its answers are thrown away' })),
  ...Judging,
  approval: Type.Optional(Approval),
}, strict)
export type Phase = Static<typeof Phase>

/** Requests that the candidate gets in every phase, whatever its percent. */
const MatchRule = Type.Object({
  by: Type.Union([Type.Literal('header'), Type.Literal('cookie')]),
  name: Type.String({ minLength: 1 }),
  value: Type.String({ minLength: 1, description: 'the exact value' }),
}, strict)

/** Raise the candidate's share phase by phase; a phase at 100 is the watch before the old version goes. */
export const Canary = Type.Object({
  type: Type.Literal('canary'),
  sticky: Type.Optional(Sticky),
  match: Type.Optional(Type.Array(MatchRule, { minItems: 1, maxItems: 20, description: 'requests that the candidate gets whatever the percent' })),
  phases: Type.Array(Phase, { minItems: 1, maxItems: 100 }),
}, strict)
export type Canary = Static<typeof Canary>

/** All traffic at once, after an optional approval; the old version is kept for a while. */
export const BlueGreen = Type.Object({
  type: Type.Literal('blue-green'),
  approval: Type.Optional(Approval),
  watch: Type.Optional(Duration),
  keepOld: Type.Optional(Duration),
  ...Judging,
}, strict)
export type BlueGreen = Static<typeof BlueGreen>

export const Strategy = Type.Union([Canary, BlueGreen])
export type Strategy = Static<typeof Strategy>
