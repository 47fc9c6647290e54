import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Type, type Static } from 'typebox'
import { readConfig, replaceConfig } from '../config-file.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, GatewayAbilities, RouteMetrics, RouteSplit, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import { TraefikApi, type RouteInForce } from './api.js'
import { withSplit } from './route-file.js'

const Settings = Type.Object({
  api: Type.String({ pattern: '^https?://', description: 'of its API: http://127.0.0.1:8080' }),
  folder: Type.String({ minLength: 1, description: 'of its file provider, on the worker\'s machine or a volume of both' }),
  metrics: Type.Optional(Type.String({ pattern: '^https?://', description: 'where its Prometheus metrics are; default: /metrics of the API' })),
  timeoutMs: Type.Integer({ minimum: 1, default: 5_000, description: 'how long it may take to answer' }),
  takeMs: Type.Integer({ minimum: 1, default: 10_000, description: 'how long it may take to put a file in force' }),
}, { additionalProperties: false })

const AGAIN_MS = 50

/** A route is a service in a file of its own, `<route>.yaml`, that Traefik's file provider watches. docs/decisions/0016. */
export class TraefikTraffic implements TrafficPort {
  readonly can: GatewayAbilities = { sticky: ['cookie'], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 }
  readonly #api: TraefikApi
  readonly #folder: string
  readonly #takeMs: number

  constructor({ api, metrics, folder, timeoutMs, takeMs }: Static<typeof Settings>, name: string) {
    this.#api = new TraefikApi(name, { api, timeoutMs, ...metrics !== undefined && { metrics } })
    this.#folder = folder
    this.#takeMs = takeMs
  }

  async read(route: string): Promise<RouteSplit | null> { return (await this.#state(route))?.split ?? null }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const before = await this.#state(route)
    if (!before) return this.#noSuchRoute(route)
    const reason = unable(this.can, split) ?? notHere(split)
    if (reason !== null) return { refused: true, reason }
    const next = withSplit(before.text, route, split, before.names)
    if ('reason' in next) return { refused: true, reason: `${this.#path(route)} ${next.reason}` }
    const inForce = await this.#put(route, next.text, (found) => sameWithinStep(split, found, this.can.percentStep))
    if (inForce.taken) return { refused: false, split: inForce.taken.split }
    await replaceConfig(this.#path(route), before.text) // it goes on with what it had; its next start must find that too
    return { refused: true, reason: `${this.#api.who} took ${splitText(split)} for ${route} but has ${inForce.instead} in force` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const before = await this.#state(route)
    if (snapshot === null) return before === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} stands in Traefik's own configuration: it cannot be taken away` }
    if (before === null) return this.#noSuchRoute(route)
    const wanted: unknown = JSON.parse(JSON.stringify(snapshot))
    const inForce = await this.#put(route, snapshot.original as string, (found) => isDeepStrictEqual(JSON.parse(JSON.stringify(found)), wanted))
    if (inForce.taken) return { refused: false, split: inForce.taken.split }
    return { refused: true, reason: `${this.#api.who} was given back ${splitText(snapshot)} for ${route} but has ${inForce.instead} in force` }
  }

  async metrics(route: string): Promise<RouteMetrics | null> {
    const state = await this.#state(route)
    return state && this.#api.metrics(state.names.get(state.split.stable?.id ?? ''), state.names.get(state.split.candidate?.id ?? ''))
  }

  async #state(route: string): Promise<RouteInForce & { text: string } | null> {
    const found = await this.#api.route(route)
    const text = found && await readConfig(this.#path(route))
    return found && text !== null ? { ...found, text, split: { ...found.split, original: text } } : null
  }

  /** The file in place, and Traefik waited for. */
  async #put(route: string, text: string, isIt: (split: RouteSplit) => boolean): Promise<{ taken: RouteInForce; instead?: never } | { taken: null; instead: string }> {
    if (await readConfig(this.#path(route)) !== text) await replaceConfig(this.#path(route), text)
    for (const until = Date.now() + this.#takeMs; ; await delay(AGAIN_MS)) {
      const found = await this.#state(route)
      if (found && found.errors.length === 0 && isIt(found.split)) return { taken: found }
      if (Date.now() >= until) return { taken: null, instead: `${splitText(found?.split ?? null)} after ${this.#takeMs} ms${found && found.errors.length > 0 ? ` (${found.errors.join('; ')})` : ''}` }
    }
  }

  #noSuchRoute(route: string): Answer { return { refused: true, reason: `${this.#api.who} has no service ${route} of its file provider, in file ${this.#path(route)}` } }

  #path(route: string): string { return join(this.#folder, /^[\w .-]+$/.test(route) && !route.startsWith('.') ? `${route}.yaml` : '-.yaml') } // no way out of the folder
}

export const traefik = gatewayType(Settings, (settings, name) => new TraefikTraffic(settings, name))

function notHere({ stable, mirrorPercent = 0 }: RouteSplit): string | null {
  if (stable === null) return 'a route in Traefik\'s file needs a stable version'
  return Number.isInteger(mirrorPercent) ? null : `it mirrors whole percents, not ${mirrorPercent}`
}
