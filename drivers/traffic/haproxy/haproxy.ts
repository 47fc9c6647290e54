import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import type { Json } from '../../../domain/json.js'
import { urlOf } from '../authority.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, GatewayAbilities, RouteMetrics, RouteSplit, Side, SideCounters, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import type { Slots } from '../slots.js'
import type { PlaceRecord } from '../two-places.js'
import { unable } from '../unable.js'
import { readBackend, type Backend, type Server, type ServerStatus } from './backend.js'
import { readRecord, recordText, writeRecord } from './record.js'
import { RuntimeApi } from './runtime-api.js'
import { serversFor, splitOf } from './split.js'
import { PERCENT_STEP } from './weights.js'

const Settings = Type.Object({
  socket: Type.String({ minLength: 1, description: 'path of the stats socket, or tcp://host:port; its level must be admin' }),
  timeoutMs: Type.Integer({ minimum: 1, default: 5_000, description: 'how long it may take to answer' }),
  upMs: Type.Integer({ minimum: 1, default: 10_000, description: 'how long its health check may take to find a server up' }),
}, { additionalProperties: false })

/** What stands in HAProxy for a route; put back by `restore`. */
interface Original { servers: Omit<Server, 'up'>[]; record: string }
interface State { backend: Backend; places: Slots; last: PlaceRecord['last']; split: RouteSplit }

const AGAIN_MS = 100

/** A route is a backend with two servers, set by the Runtime API. docs/decisions/0016-where-gateways-keep-who-is-who.md. */
export class HaproxyTraffic implements TrafficPort {
  readonly can: GatewayAbilities = { sticky: ['cookie', 'address'], match: [], mirror: false, makesRoutes: false, percentStep: PERCENT_STEP }
  readonly #api: RuntimeApi
  readonly #upMs: number

  constructor({ socket, timeoutMs, upMs }: Static<typeof Settings>, name: string) {
    this.#api = new RuntimeApi(name, socket, timeoutMs)
    this.#upMs = upMs
  }

  async read(route: string): Promise<RouteSplit | null> { return (await this.#state(route))?.split ?? null }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const before = await this.#state(route)
    if (!before) return { refused: true, reason: `${this.#api.who} has no backend ${route}` }
    const target = unable(this.can, split) ?? await serversFor(before.backend, before.places, before.last, split)
    if (typeof target === 'string') return { refused: true, reason: target }
    const said = await this.#put(route, before.backend.servers, target.servers, recordText(target.record))
    const { inForce, down } = await this.#settled(route)
    if (inForce && down === null && sameWithinStep(split, inForce, this.can.percentStep)) return { refused: false, split: inForce }
    if (inForce && !isDeepStrictEqual(inForce.original, before.split.original)) await this.#put(route, originalOf(inForce).servers, originalOf(before.split).servers, originalOf(before.split).record)
    return { refused: true, reason: down ?? `${this.#api.who} took ${splitText(split)} for ${route} but has ${splitText(inForce)} in force${said === '' ? '' : `: ${said}`}` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const before = await this.#state(route)
    if (snapshot === null) return before === null ? { refused: false, split: null } : { refused: true, reason: `backend ${route} stands in HAProxy's own configuration: it cannot be taken away` }
    if (before === null) return { refused: true, reason: `${this.#api.who} has no backend ${route}` }
    const { servers, record } = originalOf(snapshot)
    const said = await this.#put(route, before.backend.servers, servers, record)
    const inForce = await this.read(route)
    if (isDeepStrictEqual(inForce?.original, snapshot.original)) return { refused: false, split: inForce }
    return { refused: true, reason: `${this.#api.who} was given back ${splitText(snapshot)} for ${route} but has ${splitText(inForce)} in force${said === '' ? '' : `: ${said}`}` }
  }

  async metrics(route: string): Promise<RouteMetrics | null> {
    const state = await this.#state(route)
    if (!state) return null
    const { split: { stable, candidate } } = state
    const of = (side: Side | null): SideCounters => {
      const { requests = 0, errors = 0 } = side ? statusOf(state, side.id) ?? {} : {}
      return { requests, errors, latency: [] }
    }
    return { stable: of(stable), candidate: of(candidate), at: new Date().toISOString() }
  }

  async drain(route: string, sideId: string): Promise<{ open: number }> {
    const state = await this.#state(route)
    return { open: state ? statusOf(state, sideId)?.open ?? 0 : 0 }
  }

  async #state(route: string): Promise<State | null> {
    const backend = await readBackend(this.#api, route)
    if (!backend) return null
    const { text, record } = await readRecord(this.#api, route)
    const { places, last, split } = splitOf(backend, record)
    const original: Original = { servers: backend.servers.map(({ name, address, port, tls, weight, maintained }) => ({ name, address, port, tls, weight, maintained })), record: text }
    return { backend, places, last, split: { ...split, original: original as unknown as Json } }
  }

  /** Addresses first, on what gets no requests; then who is who; then the shares, the one that grows first. */
  async #put(route: string, now: Original['servers'], next: Original['servers'], record: string): Promise<string> {
    const pairs = next.map((server, place) => ({ server, was: now[place] ?? server }))
    const moved = pairs.filter(({ server, was }) => server.address !== was.address || server.port !== was.port)
    const growing = [...pairs].sort((a, b) => (b.server.weight - b.was.weight) - (a.server.weight - a.was.weight))
    const said = await this.#api.say(
      ...moved.filter(({ server, was }) => server.maintained || was.maintained || was.weight === 0).map(({ server }) => `set server ${route}/${server.name} state maint`),
      ...moved.map(({ server }) => `set server ${route}/${server.name} addr ${server.address} port ${server.port}`),
      ...writeRecord(route, record),
      ...growing.flatMap(({ server }) => [`set server ${route}/${server.name} weight ${server.weight}`, `set server ${route}/${server.name} state ${server.maintained ? 'maint' : 'ready'}`]),
    )
    return said.split('\n').filter((line) => line !== '' && !/by 'stats socket command'/.test(line)).join(' ')
  }

  /** HAProxy sends a server that its health check finds down no request, whatever its weight. */
  async #settled(route: string): Promise<{ inForce: RouteSplit | null; down: string | null }> {
    for (const until = Date.now() + this.#upMs; ; await delay(AGAIN_MS)) {
      const state = await this.#state(route)
      const down = state?.backend.servers.find(({ weight, maintained, up }) => weight > 0 && !maintained && !up)
      if (!state || !down) return { inForce: state?.split ?? null, down: null }
      const { status, lastCheck } = state.backend.status.get(down.name) ?? { status: 'down', lastCheck: '' }
      if (Date.now() >= until) return { inForce: state.split, down: `${this.#api.who} has server ${route}/${down.name} (${urlOf({ ...down, host: down.address })}) ${status}: ${lastCheck}` }
    }
  }
}

export const haproxy = gatewayType(Settings, (settings, name) => new HaproxyTraffic(settings, name))

const originalOf = ({ original }: RouteSplit): Original => original as unknown as Original
/** A place goes by who was last there. */
function statusOf({ backend: { servers, status }, last }: State, sideId: string): ServerStatus | undefined {
  const place = last.indexOf(sideId)
  return place < 0 ? undefined : status.get(servers[place]?.name ?? '')
}
