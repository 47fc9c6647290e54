import type { Threshold } from './criteria.js'

/** One thing the judge looks at: a measure by name and what it must be. */
export interface Criterion {
  /** `errorRate`, `successRate`, `p50`, `p95`, `p99` of a gateway's own counters, or a query's own name. */
  name: string
  threshold: Threshold
  /** For sources that are asked: the query. */
  query: string | null
}

/** Where the judge gets its numbers. Header values may hold late secrets. */
export type MetricSource =
  | { type: 'gateway'; gateway: string; route: string }
  | { type: 'prometheus'; address: string | null; headers: Record<string, unknown> }
  | { type: 'json'; url: string; headers: Record<string, unknown> }
