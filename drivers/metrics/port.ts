/** A source of numbers. Contract: test/contract/metrics.ts. */
export interface MetricsPort {
  /**
   * One measure now; null when the source answers but has no data.
   * @throws TARGET_UNREACHABLE when it does not answer, TARGET_REFUSED when it does not understand the query
   */
  measure(query: MetricQuery, signal?: AbortSignal): Promise<number | null>
}
export type MetricQuery =
  | { source: 'prometheus'; address: string; query: string; headers: Record<string, string> }
  | { source: 'json'; url: string; path: string; headers: Record<string, string> }
