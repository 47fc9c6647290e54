import { askJson } from './json.js'
import type { MetricQuery, MetricsPort } from './port.js'
import { askPrometheus } from './prometheus.js'

const TIMEOUT_MS = 5000

/** Metrics of sources that answer over HTTP. */
export class HttpMetrics implements MetricsPort {
  readonly #timeoutMs: number
  constructor({ timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {}) { this.#timeoutMs = timeoutMs }

  async measure(query: MetricQuery, signal?: AbortSignal): Promise<number | null> {
    const how = { timeoutMs: this.#timeoutMs, signal }
    switch (query.source) {
      case 'prometheus': return askPrometheus(query, how)
      case 'json': return askJson(query, how)
    }
  }
}
