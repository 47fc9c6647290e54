import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { parse } from 'yaml'
import { isObject, type Json, type JsonObject } from '../../../domain/json.js'
import { addressOf, authorityOf } from '../authority.js'
import { readConfig, replaceConfig } from '../config-file.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, GatewayAbilities, RouteMetrics, RouteSplit, Side, SideCounters, TrafficPort } from '../port.js'
import { sameSide, sameWithinStep, splitText } from '../same-split.js'
import { placed, type Slots } from '../slots.js'
import { recordOf, sharesOf, type PlaceRecord } from '../two-places.js'
import { unable } from '../unable.js'
import { EnvoyAdmin } from './admin.js'
import { endpointsText, inForce, versionOf, withSplit } from './route-config.js'

const Settings = Type.Object({
  admin: Type.String({ pattern: '^https?://', description: 'of its admin API' }),
  folder: Type.String({ minLength: 1, description: 'where the files of its routes lie, on the worker\'s machine or a volume of both' }),
  timeoutMs: Type.Integer({ minimum: 1, default: 5_000, description: 'how long it may take to answer' }),
  takeMs: Type.Integer({ minimum: 1, default: 10_000, description: 'how long it may take to put a file in force' }),
  log: Type.Optional(Type.String({ description: 'its log file: why it rejected a file is said only there' })),
}, { additionalProperties: false })

/** A route's three files as they are written. */
interface Original { route: string; endpoints: [string, string] }
interface State { places: Slots; last: PlaceRecord['last']; at: [string, string]; shares: [number, number]; version: string; original: Original; split: RouteSplit }

const AGAIN_MS = 25
const LOG_BYTES = 4_000

/** A route is a route configuration and two clusters, `<route>.one` and `<route>.two`, in files that Envoy watches. docs/decisions/0016. */
export class EnvoyTraffic implements TrafficPort {
  readonly can: GatewayAbilities = { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 }
  readonly #admin: EnvoyAdmin
  readonly #settings: Static<typeof Settings>

  constructor(settings: Static<typeof Settings>, name: string) {
    this.#admin = new EnvoyAdmin(name, settings.admin, settings.timeoutMs)
    this.#settings = settings
  }

  async read(route: string): Promise<RouteSplit | null> { return (await this.#state(route))?.split ?? null }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const before = await this.#state(route)
    if (!before) return this.#noSuchRoute(route)
    const reason = unable(this.can, split)
    if (reason !== null) return { refused: true, reason }
    const sides = placed(before.places, split)
    const [one, two] = [await addressFor(sides[0], before, 0), await addressFor(sides[1], before, 1)]
    if ('reason' in one) return { refused: true, ...one }
    if ('reason' in two) return { refused: true, ...two }
    const at = [one.at, two.at] as [string, string]
    const record = { ...recordOf(split, sides, at, before.last), match: split.match ?? [], mirrorPercent: split.mirrorPercent ?? 0 }
    const next: Original = {
      route: withSplit(documentOf(before.original.route), clustersOf(route), split, record),
      endpoints: [one, two].map(({ moved }, n) => moved ? endpointsText(clustersOf(route)[n as 0 | 1], moved.address, moved.port) : before.original.endpoints[n]) as [string, string],
    }
    const refused = await this.#put(route, before, next, at)
    const after = await this.#state(route)
    if (refused === null && after && sameWithinStep(split, after.split, this.can.percentStep)) return { refused: false, split: after.split }
    await this.#putBack(route, before.original)
    return { refused: true, reason: `${this.#admin.who} took ${splitText(split)} for ${route} but has ${splitText(after?.split ?? null)} in force${refused === null ? '' : `: ${refused}`}` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const before = await this.#state(route)
    if (snapshot === null) return before === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} stands in Envoy's own configuration: it cannot be taken away` }
    if (before === null) return this.#noSuchRoute(route)
    const refused = await this.#put(route, before, snapshot.original as unknown as Original, null)
    const split = await this.read(route)
    if (refused === null && isDeepStrictEqual(JSON.parse(JSON.stringify(split)), JSON.parse(JSON.stringify(snapshot)))) return { refused: false, split }
    return { refused: true, reason: `${this.#admin.who} was given back ${splitText(snapshot)} for ${route} but has ${splitText(split)} in force${refused === null ? '' : `: ${refused}`}` }
  }

  async metrics(route: string): Promise<RouteMetrics | null> {
    const state = await this.#state(route)
    if (!state) return null
    const of = async (side: Side | null): Promise<SideCounters> => {
      const place = side === null ? -1 : state.last.indexOf(side.id)
      return place < 0 ? { requests: 0, errors: 0, latency: [] } : this.#admin.counters(clustersOf(route)[place as 0 | 1])
    }
    return { stable: await of(state.split.stable), candidate: await of(state.split.candidate), at: new Date().toISOString() }
  }

  async drain(route: string, sideId: string): Promise<{ open: number }> {
    const place = (await this.#state(route))?.last.indexOf(sideId) ?? -1
    return { open: place < 0 ? 0 : await this.#admin.underWay(clustersOf(route)[place as 0 | 1]) }
  }

  async #state(route: string): Promise<State | null> {
    const dump = await this.#admin.route(route)
    const clusters = clustersOf(route)
    const found = dump && inForce(dump.config, clusters)
    if (!found) return null
    const hosts = [await this.#admin.hosts(clusters[0]), await this.#admin.hosts(clusters[1])]
    const texts = await Promise.all(this.#files(route).map((path) => readConfig(path)))
    const [routeText, one, two] = texts
    if (routeText == null || one == null || two == null) return null
    const at = hosts.map((list) => (list ?? []).join(',')) as [string, string]
    const place = (n: 0 | 1) => ({ name: clusters[n], at: at[n], url: `http://${at[n].split(',')[0] ?? ''}`, share: found.shares[n] })
    const { places, last, split } = sharesOf([place(0), place(1)], found.record)
    const original: Original = { route: routeText, endpoints: [one, two] }
    const { sticky, match, mirrorPercent } = found.record ?? { sticky: null, match: [], mirrorPercent: 0 }
    return {
      places, last, at, shares: found.shares, version: dump.version, original,
      split: { ...split, sticky, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent }, original: original as unknown as Json },
    }
  }

  /**
   * Where a cluster sends to before its share, unless it has one now: then after. @returns why not, in words
   * @param at where the clusters then send to; null: not looked for
   */
  async #put(route: string, before: State, next: Original, at: [string, string] | null): Promise<string | null> {
    const changed = ([0, 1] as const).filter((n) => next.endpoints[n] !== before.original.endpoints[n])
    const early = changed.filter((n) => before.shares[n] === 0 || at !== null)
    for (const n of early) await this.#putEndpoints(route, n, next.endpoints[n], at?.[n])
    const refused = await this.#putRoute(route, before, next.route)
    if (refused !== null) return refused
    for (const n of changed.filter((place) => !early.includes(place))) await this.#putEndpoints(route, n, next.endpoints[n], undefined)
    return null
  }

  async #putRoute(route: string, { version, original }: State, text: string): Promise<string | null> {
    const wanted = versionOf(documentOf(text))
    if (text === original.route && wanted === version) return null
    const [path] = this.#files(route)
    const before = await this.#admin.updates(route)
    await replaceConfig(path, text)
    for (const until = Date.now() + this.#settings.takeMs; Date.now() < until; await delay(AGAIN_MS)) {
      const { taken, rejected } = await this.#admin.updates(route)
      if (rejected > before.rejected) return `it rejected ${path}${await this.#lastWords(path)}`
      if (taken > before.taken && (await this.#admin.route(route))?.version === wanted) return null
    }
    return `it has not taken ${path} after ${this.#settings.takeMs} ms`
  }

  /** @param at waited for, when given; Envoy that does not get there shows when the split is read back */
  async #putEndpoints(route: string, n: 0 | 1, text: string, at: string | undefined): Promise<void> {
    await replaceConfig(this.#files(route)[n + 1] as string, text)
    for (const until = Date.now() + this.#settings.takeMs; at !== undefined && Date.now() < until; await delay(AGAIN_MS)) {
      if ((await this.#admin.hosts(clustersOf(route)[n]))?.join(',') === at) return
    }
  }

  /** After a refusal Envoy goes on with what it had; its next start must find that too. */
  async #putBack(route: string, { route: text, endpoints }: Original): Promise<void> {
    for (const [n, content] of [text, ...endpoints].entries()) {
      const path = this.#files(route)[n] as string
      if (await readConfig(path) !== content) await replaceConfig(path, content)
    }
  }

  async #lastWords(path: string): Promise<string> {
    const { log } = this.#settings
    if (log === undefined) return '; its log says why'
    const text = await readConfig(log).catch(() => null) ?? ''
    const line = text.slice(-LOG_BYTES).split('\n').reverse().find((words) => words.includes(path) || /rejected|update failure|validation failed/i.test(words))
    return line === undefined ? '' : `: ${line.slice(-400)}`
  }

  #noSuchRoute(route: string): Answer {
    return { refused: true, reason: `${this.#admin.who} has no route configuration ${route} that goes to clusters ${clustersOf(route).join(' and ')}, in files ${this.#files(route).join(', ')}` }
  }

  /** The route's, then those of its two clusters. */
  #files(route: string): [string, string, string] {
    const name = /^[\w .-]+$/.test(route) && !route.startsWith('.') ? route : '-' // no way out of the folder
    return [join(this.#settings.folder, `${name}.route.yaml`), join(this.#settings.folder, `${name}.one.yaml`), join(this.#settings.folder, `${name}.two.yaml`)]
  }
}

export const envoy = gatewayType(Settings, (settings, name) => new EnvoyTraffic(settings, name))

const clustersOf = (route: string): [string, string] => [`${route}.one`, `${route}.two`]

function documentOf(text: string): JsonObject {
  const document: unknown = parse(text)
  return isObject(document) ? document as JsonObject : {}
}

/** `moved`: where to, when it is not there yet. */
interface Address { at: string; moved?: { address: string; port: number } }

/** Where a side's cluster must send to: as it is for one that is there, else its address. */
async function addressFor(side: Side | null, { places, at }: State, n: 0 | 1): Promise<Address | { reason: string }> {
  if (side === null || sameSide(side, places[n])) return { at: at[n] }
  const wanted = authorityOf(side.url)
  if (typeof wanted === 'string') return { reason: wanted }
  if (wanted.tls) return { reason: `${side.url}: whether its clusters speak TLS stands in Envoy's configuration; give the side as http` }
  const address = await addressOf(wanted.host)
  return address === null ? { reason: `${wanted.host} has no address` } : { at: `${address}:${wanted.port}`, moved: { address, port: wanted.port } }
}
