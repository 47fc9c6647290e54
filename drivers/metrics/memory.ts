import type { MetricQuery, MetricsPort } from './port.js'

/** Metrics for tests: what each query gives, or throws, is set by hand. */
export class MemoryMetrics implements MetricsPort {
  readonly asked: MetricQuery[] = []
  answer: (query: string) => number | null = () => null

  async measure(query: MetricQuery): Promise<number | null> {
    this.asked.push(query)
    return this.answer(query.source === 'prometheus' ? query.query : query.path)
  }
}
