import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { FastifyInstance } from 'fastify'
import { STATUSES } from '../domain/release.js'
import type { ReleaseStore } from '../store/releases.js'

/** Counting all releases is one scan of an index; scrapers may ask often. */
const COUNT_EVERY_MS = 5000

/** What Prometheus scrapes: requests by route, releases by status, this process. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Histogram({
    name: 'releasectl_http_request_duration_seconds', help: 'Requests by route and status; streams are counted when they end',
    labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers: [this.#registry],
  })
  readonly #released: Gauge<'status'>
  readonly #releases: ReleaseStore
  #countedAt = 0

  constructor(releases: ReleaseStore) {
    this.#releases = releases
    this.#released = new Gauge({ name: 'releasectl_releases', help: 'Releases by status', labelNames: ['status'], registers: [this.#registry] })
    collectDefaultMetrics({ register: this.#registry })
  }

  watch(app: FastifyInstance): void {
    app.addHook('onResponse', async (request, reply) => {
      this.#requests.observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }, reply.elapsedTime / 1000)
    })
  }

  /** Prometheus text format. Without a database, what was counted last. */
  async text(): Promise<string> {
    if (Date.now() - this.#countedAt > COUNT_EVERY_MS) await this.#count().catch(() => undefined)
    return this.#registry.metrics()
  }

  async #count(): Promise<void> {
    const counts = new Map((await this.#releases.countByStatus()).map(({ status, count }) => [status, count]))
    for (const status of STATUSES) this.#released.set({ status }, counts.get(status) ?? 0)
    this.#countedAt = Date.now()
  }
}
