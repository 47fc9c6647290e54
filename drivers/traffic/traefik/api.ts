import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import { callAdmin } from '../admin-api.js'
import type { Match, RouteMetrics, RouteSplit, Side, SideCounters } from '../port.js'
import { percentOf } from '../two-places.js'
import { matchIn, mirrorName, sideIn } from './names.js'

interface Service {
  status?: string
  error?: string[]
  weighted?: { services?: { name: string; weight?: number }[]; sticky?: { cookie?: { name?: string } } }
  mirroring?: { service?: string; mirrors?: { name: string; percent?: number }[] }
  loadBalancer?: { servers?: { url?: string }[] }
}
export interface RouteInForce { split: RouteSplit; /** The service of each side, by the side's id. */ names: Map<string, string>; errors: string[] }

/** What Traefik has in force, by its API and its Prometheus metrics. Traefik: "API", "Metrics". */
export class TraefikApi {
  readonly who: string
  readonly #url: string
  readonly #metricsUrl: string
  readonly #timeoutMs: number

  constructor(name: string, { api, metrics, timeoutMs }: { api: string; metrics?: string; timeoutMs: number }) {
    this.#url = api.replace(/\/+$/, '')
    this.#metricsUrl = metrics ?? `${this.#url}/metrics`
    this.who = `traefik ${name} at ${this.#url}`
    this.#timeoutMs = timeoutMs
  }

  async route(route: string): Promise<RouteInForce | null> {
    const root = await this.#service(route)
    if (!root) return null
    const names = new Map<string, string>()
    const errors: string[] = [...root.error ?? []]
    const sideOf = async (name: string | undefined, found: Service | null): Promise<Side | null> => {
      if (name === undefined || !found) return null
      errors.push(...found.error ?? [])
      const who = sideIn(route, name) ?? { id: name, version: 'unknown' }
      names.set(who.id, name)
      return { ...who, url: found.loadBalancer?.servers?.[0]?.url ?? '' }
    }
    const [first, second] = root.weighted?.services?.map(({ name, weight = 1 }) => ({ name: bare(name), weight })) ?? [{ name: route, weight: 1 }]
    const mirror = first?.name === mirrorName(route) ? await this.#service(first.name) : null
    const stableName = mirror ? bare(mirror.mirroring?.service ?? '') : first?.name
    const stable = await sideOf(stableName, root.weighted ? await this.#service(stableName ?? '') : root)
    // One that gets nothing and that we have not named is the operator's own for later.
    const candidate = second && (second.weight > 0 || sideIn(route, second.name)) ? await sideOf(second.name, await this.#service(second.name)) : null
    const cookie = root.weighted?.sticky?.cookie?.name
    const match = await this.#matches(names.get(candidate?.id ?? ''))
    const mirrorPercent = mirror?.mirroring?.mirrors?.[0]?.percent ?? 0
    return { names, errors, split: {
      stable, candidate, percent: candidate && first && second ? percentOf({ stable: first.weight, candidate: second.weight }) : 0,
      sticky: cookie === undefined ? null : { by: 'cookie', name: cookie }, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent },
    } }
  }

  /** @returns null when it exports no metrics */
  async metrics(stable: string | undefined, candidate: string | undefined): Promise<RouteMetrics | null> {
    const { status, text } = await callAdmin(this.who, this.#metricsUrl, { timeoutMs: this.#timeoutMs })
    if (status !== 200) return null
    const lines = text.split('\n').filter((line) => line.startsWith('traefik_service_request'))
    return { stable: counters(lines, stable), candidate: counters(lines, candidate), at: new Date().toISOString() }
  }

  /** The matches whose requests go to a service, each once. */
  async #matches(service: string | undefined): Promise<Match[]> {
    if (service === undefined) return []
    const routers = await this.#ask('/api/http/routers?per_page=10000') as { name: string; service: string }[] | null
    const matches = (routers ?? []).filter((router) => bare(router.service) === service).map(({ name }) => matchIn(bare(name))).filter((match) => match !== null)
    return [...new Map(matches.map((match) => [JSON.stringify(match), match])).values()]
  }

  async #service(name: string): Promise<Service | null> { return await this.#ask(`/api/http/services/${encodeURIComponent(`${name}@file`)}`) as Service | null }

  async #ask(path: string): Promise<unknown> {
    const { status, text } = await callAdmin(this.who, this.#url + path, { timeoutMs: this.#timeoutMs })
    if (status === 404 && text.includes('not found') && text.startsWith('{')) return null
    let body: unknown = null
    try { body = JSON.parse(text) } catch { /* no JSON: refused below */ }
    if (status !== 200 || !(isObject(body) || Array.isArray(body))) throw failure('TARGET_REFUSED', `${this.who} answered ${path} with status ${status}: ${text.trim().slice(0, 200)}`)
    return body
  }
}

const bare = (name: string): string => name.replace(/@file$/, '')

function counters(lines: string[], service: string | undefined): SideCounters {
  const own = lines.filter((line) => service !== undefined && line.includes(`service="${service}@file"`))
  const sum = (of: string[]): number => of.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  const total = own.filter((line) => line.startsWith('traefik_service_requests_total{'))
  const buckets = new Map<number, string[]>()
  for (const line of own) {
    const [, le] = /^traefik_service_request_duration_seconds_bucket\{.*le="([\d.e+-]+)"/.exec(line) ?? []
    if (le !== undefined) buckets.set(Number(le) * 1000, [...buckets.get(Number(le) * 1000) ?? [], line])
  }
  return {
    requests: sum(total), errors: sum(total.filter((line) => /code="5\d\d"/.test(line))),
    latency: [...buckets].map(([le, found]) => ({ le, count: sum(found) })).sort((a, b) => a.le - b.le),
  }
}
