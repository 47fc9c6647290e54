import { isDeepStrictEqual } from 'node:util'
import { failure } from '../../../domain/failures.js'
import { isObject, type JsonObject } from '../../../domain/json.js'
import { callAdmin } from '../admin-api.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, RouteMetrics, RouteSplit, Side, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import { ApisixAdmin } from './apisix-admin.js'
import { countersIn } from './prometheus.js'
import { ownPlugins, routeWith, serversOf, understood, upstreamName, urlOf, without, type Understood } from './route.js'
import { ApisixSettings } from './settings.js'

/**
 * APISIX by its Admin API: the plugins traffic-split and proxy-mirror of a route that is there. The route's own upstream is the
 * stable version, and the labels tell which release each is. traffic-split picks in turn: it keeps no sessions.
 */
export class ApisixTraffic implements TrafficPort {
  readonly can = { sticky: [], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 } as const
  readonly address: string
  /** Only with the export of its plugin prometheus. */
  readonly metrics?: NonNullable<TrafficPort['metrics']>
  readonly #admin: ApisixAdmin
  readonly #name: string

  /** @param name what plans call it, for messages */
  constructor(settings: ApisixSettings, name = 'apisix') {
    this.address = new URL(settings.admin).origin
    this.#admin = new ApisixAdmin(settings, name)
    this.#name = name
    const { metrics: url, timeoutMs } = settings
    if (url !== undefined) this.metrics = async (route) => this.#metrics(route, url, timeoutMs)
  }

  async read(route: string): Promise<RouteSplit | null> {
    const found = await this.#admin.get('routes', route)
    return found && { ...(await this.#understood(route, found)).split, original: { route: found } }
  }

  async setSplit(route: string, asked: RouteSplit): Promise<Answer> {
    const found = await this.#admin.get('routes', route)
    const wrong = unable(this.can, asked) ?? unlike(asked)
    if (wrong !== null) return { refused: true, reason: wrong }
    if (found === null) return { refused: true, reason: `APISIX has no route ${route}` }
    const now = await this.#understood(route, found)
    const own = ownPlugins(found, now, asked)
    if (own !== null) return { refused: true, reason: own }
    const wanted = withoutTime(routeWith(route, found, asked, now, await this.#named(route, asked)))
    const refusal = sameRoute(found, wanted) ? null : await this.#admin.putRoute(route, wanted)
    if (refusal !== null) return { refused: true, reason: refusal }
    const inForce = await this.read(route)
    if (inForce && sameWithinStep(asked, inForce, this.can.percentStep)) return { refused: false, split: inForce }
    return { refused: true, reason: `it took ${splitText(asked)} but has ${splitText(inForce)} in force` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const found = await this.#admin.get('routes', route)
    if (snapshot === null) return found === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} is in APISIX's own configuration: it is not taken away` }
    const before = isObject(snapshot.original) && isObject(snapshot.original['route']) ? snapshot.original['route'] : null
    if (before === null) return this.setSplit(route, snapshot)
    const refusal = isDeepStrictEqual(found, before) ? null : await this.#admin.putRoute(route, before)
    if (refusal !== null) return { refused: true, reason: refusal }
    const now = await this.#admin.get('routes', route)
    if (now && sameRoute(now, before)) return { refused: false, split: await this.read(route) }
    return { refused: true, reason: `it took ${splitText(snapshot)} back but has another route in force` }
  }

  /** By the name `<route>-<version>` of an upstream. */
  async locate(route: string, version: string): Promise<string | null> {
    const upstream = await this.#admin.get('upstreams', upstreamName(route, version))
    return upstream && urlOf(upstream)
  }

  async #metrics(route: string, url: string, timeoutMs: number): Promise<RouteMetrics | null> {
    const found = await this.#admin.get('routes', route)
    if (found === null) return null
    const { split: { stable, candidate }, upstream } = await this.#understood(route, found)
    const who = `${this.#name} at ${url}`
    const { status, text } = await callAdmin(who, url, { timeoutMs })
    if (status !== 200) throw failure('TARGET_REFUSED', `${who} answered with status ${status}`)
    const named = candidate && await this.#admin.get('upstreams', upstreamName(route, candidate.version))
    const ofCandidate = named && urlOf(named) === candidate.url ? serversOf(named) : candidate ? serversOf({ nodes: { [authority(candidate.url)]: 1 } }) : []
    return { stable: countersIn(who, text, route, stable ? serversOf(upstream) : []), candidate: countersIn(who, text, route, ofCandidate), at: new Date().toISOString() }
  }

  /** Sides that are upstreams of APISIX's own, with all their servers: they are named, not copied. */
  async #named(route: string, { stable, candidate }: RouteSplit): Promise<Set<Side>> {
    const sides = [stable, candidate].filter((side) => side !== null)
    const urls = await Promise.all(sides.map(({ version }) => this.locate(route, version)))
    return new Set(sides.filter(({ url }, n) => urls[n] === url))
  }

  async #understood(route: string, found: JsonObject): Promise<Understood> {
    const { upstream, upstream_id: id } = found
    const own = id !== undefined ? await this.#admin.get('upstreams', id as string) : isObject(upstream) ? upstream : null
    if (own === null) throw failure('TARGET_REFUSED', `${this.#name}: route ${route} has no upstream of its own to split`)
    return understood(route, found, own)
  }
}

export const apisix = gatewayType(ApisixSettings, (settings, name) => new ApisixTraffic(settings, name))

/** traffic-split takes plain addresses, and proxy-mirror cannot tell the sides apart. */
function unlike({ stable, candidate, percent, mirrorPercent = 0 }: RouteSplit): string | null {
  const url = [stable, candidate].filter((side) => side !== null).map((side) => new URL(side.url)).find(({ pathname, search }) => pathname !== '/' || search !== '')
  if (url) return `a side's url must be scheme, host and port, not ${url.href}`
  return mirrorPercent > 0 && percent > 0 ? 'proxy-mirror copies the requests of both sides: it mirrors only while the candidate gets 0 %' : null
}

/** host:port, the port written out. */
function authority(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

/** When it was changed does not count. */
const sameRoute = (a: JsonObject, b: JsonObject): boolean => isDeepStrictEqual(withoutTime(a), withoutTime(b))
const withoutTime = (route: JsonObject): JsonObject => without(route, 'update_time')
