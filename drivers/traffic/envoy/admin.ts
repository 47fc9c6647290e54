import { failure } from '../../../domain/failures.js'
import { isObject, type JsonObject } from '../../../domain/json.js'
import { callAdmin } from '../admin-api.js'
import type { SideCounters } from '../port.js'

export interface RouteDump { version: string; config: JsonObject }
/** How often Envoy has taken, and not taken, a route's file. */
export interface Updates { taken: number; rejected: number }

/** Envoy's admin API: what is in force, whatever the files say. Envoy: "Administration interface". */
export class EnvoyAdmin {
  readonly who: string
  readonly #url: string
  readonly #timeoutMs: number

  constructor(name: string, url: string, timeoutMs: number) {
    this.#url = url.replace(/\/+$/, '')
    this.who = `envoy ${name} at ${this.#url}`
    this.#timeoutMs = timeoutMs
  }

  /** The route configuration of that name; null when Envoy has none. */
  async route(name: string): Promise<RouteDump | null> {
    const found = (await this.#dump()).find(({ route_config: config }) => config['name'] === name)
    return found ? { version: found.version_info ?? '', config: found.route_config } : null
  }

  /** All route configurations in force. */
  async routes(): Promise<JsonObject[]> { return (await this.#dump()).map(({ route_config: config }) => config) }

  /** Where a cluster sends to: `address:port`s, sorted; null when there is no such cluster. */
  async hosts(cluster: string): Promise<string[] | null> {
    const { cluster_statuses: clusters = [] } = await this.#ask('/clusters?format=json') as { cluster_statuses?: { name: string; host_statuses?: { address: { socket_address?: { address: string; port_value: number } } }[] }[] }
    const found = clusters.find(({ name }) => name === cluster)
    return found ? (found.host_statuses ?? []).flatMap(({ address: { socket_address: at } }) => at ? [`${at.address}:${at.port_value}`] : []).sort() : null
  }

  async updates(route: string): Promise<Updates> {
    const stats = await this.#stats(`\\.rds\\.${escaped(route)}\\.update_`)
    const sum = (ending: string): number => stats.filter(({ name }) => name?.endsWith(`.rds.${route}.${ending}`)).reduce((all, { value }) => all + Number(value), 0)
    return { taken: sum('update_success'), rejected: sum('update_rejected') + sum('update_failure') }
  }

  async counters(cluster: string): Promise<SideCounters> {
    const stats = await this.#stats(ofCluster(cluster, '(completed|5xx|time)'))
    const value = (ending: string): number => Number(stats.find(({ name }) => name?.endsWith(`.upstream_rq_${ending}`))?.value ?? 0)
    const buckets = stats.flatMap(({ histograms }) => Array.isArray(histograms) ? histograms : histograms?.details ?? []).flatMap(({ buckets: found = [] }) => found)
    return { requests: value('completed'), errors: value('5xx'), latency: buckets.map(({ upper_bound: le, cumulative: count }) => ({ le, count })) }
  }

  async underWay(cluster: string): Promise<number> {
    return Number((await this.#stats(ofCluster(cluster, 'active')))[0]?.value ?? 0)
  }

  async #dump(): Promise<{ version_info?: string; route_config: JsonObject }[]> {
    const { configs = [] } = await this.#ask('/config_dump?resource=dynamic_route_configs') as { configs?: { version_info?: string; route_config: JsonObject }[] }
    return configs
  }

  async #stats(filter: string): Promise<Stat[]> {
    const { stats = [] } = await this.#ask(`/stats?format=json&histogram_buckets=cumulative&filter=${encodeURIComponent(filter)}`) as { stats?: Stat[] }
    return stats
  }

  async #ask(path: string): Promise<JsonObject> {
    const { status, text } = await callAdmin(this.who, this.#url + path, { timeoutMs: this.#timeoutMs })
    let body: unknown = null
    try { body = JSON.parse(text) } catch { /* no JSON: refused below */ }
    if (status !== 200 || !isObject(body)) throw failure('TARGET_REFUSED', `${this.who} answered ${path.split('?')[0] ?? path} with status ${status}: ${text.trim().slice(0, 200)}`)
    return body as JsonObject
  }
}

interface Histogram { name: string; buckets?: { upper_bound: number; cumulative: number }[] }
interface Stat { name?: string; value?: number | string; histograms?: Histogram[] | { details?: Histogram[] } }

/** Istio's Envoys put a `;` behind a cluster's name. */
const ofCluster = (name: string, what: string): string => `^cluster\\.${escaped(name)};?\\.upstream_rq_${what}$`
const escaped = (text: string): string => text.replace(/[^\w]/g, '\\$&')
