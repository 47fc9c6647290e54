import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import { isObject, type Json } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../clusters/port.js'
import type { Answer, GatewayAbilities, RouteSplit, Side, SideCounters, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import type { Proxies } from './proxies.js'
import { RECORD, recordOf, recordText, sidesOf } from './record.js'
import type { RouteKind } from './route-kind.js'
import { backendOf } from './service-url.js'

/** What stands in the object for a route; put back by `restore`. */
interface Original { spec: Record<string, unknown>; record: string | null }
const AGAIN_MS = 100
const ENDPOINTS = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }

/**
 * A route is an object of a cluster (`name`, or `namespace/name`) whose backends are Services; sides are called
 * `http://<service>.<namespace>.svc:<port>`. Each change names the version it was meant for, so a late one undoes nothing.
 */
export class ClusterTraffic implements TrafficPort {
  readonly can: GatewayAbilities
  /** Only with proxies that can be asked. */
  readonly metrics?: NonNullable<TrafficPort['metrics']>
  readonly drain?: NonNullable<TrafficPort['drain']>
  readonly #who: string
  readonly #cluster: ClusterPort
  readonly #kind: RouteKind
  readonly #takenWithinMs: number
  readonly #settleMs: number
  readonly #proxies: Proxies | null

  /**
   * @param name what plans call the gateway
   * @param times how long its controller and its proxies may take to have a change, and how long to wait for proxies that cannot be asked
   */
  constructor(name: string, kind: RouteKind, cluster: ClusterPort, { takenWithinMs, settleMs }: { takenWithinMs: number; settleMs: number }, proxies: Proxies | null = null) {
    this.can = kind.can
    this.#who = `${name} (${cluster.name})`
    this.#cluster = cluster
    this.#kind = kind
    this.#takenWithinMs = takenWithinMs
    this.#settleMs = settleMs
    this.#proxies = proxies
    if (proxies === null) return
    const counted = async (side: Side | null): Promise<SideCounters> => { const backend = side && backendOf(side); return backend ? proxies.counters(backend) : { requests: 0, errors: 0, latency: [] } }
    this.metrics = async (route) => {
      const split = await this.read(route)
      return split && { stable: await counted(split.stable), candidate: await counted(split.candidate), at: new Date().toISOString() }
    }
    this.drain = async (route, sideId) => {
      const object = await this.#cluster.get(this.#ref(route))
      const { stable = null, candidate = null, left = null } = object && recordOf(object) || {}
      const side = [stable, candidate, left].find((one) => one?.id === sideId)
      const backend = side ? backendOf(side) : null
      return { open: backend ? await proxies.underWay(backend) : 0 }
    }
  }

  async read(route: string): Promise<RouteSplit | null> {
    const object = await this.#cluster.get(this.#ref(route))
    return object && this.#splitOf(object)
  }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const before = await this.#cluster.get(this.#ref(route))
    if (!before) return { refused: true, reason: `${this.#who} has no ${this.#kind.type.kind} ${route}` }
    const why = unable(this.can, split) ?? this.#unnamed(split) ?? await this.#absent(split)
    if (why !== null) return { refused: true, reason: why }
    const answer = await this.#put(before, this.#wanted(before, split))
    if (answer !== null) return { refused: true, reason: answer }
    const refusal = await this.#taken(route, before)
    const inForce = await this.read(route)
    if (refusal === null && inForce && sameWithinStep(split, inForce, this.can.percentStep)) return { refused: false, split: inForce }
    const now = await this.#cluster.get(this.#ref(route))
    if (now) await this.#put(now, originalOf(this.#splitOf(before)))
    return { refused: true, reason: `${this.#who} took ${splitText(split)} for ${route} but has ${splitText(inForce)} in force${refusal === null ? '' : `: ${refusal}`}` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const now = await this.#cluster.get(this.#ref(route))
    if (snapshot === null) return now === null ? { refused: false, split: null } : { refused: true, reason: `${this.#kind.type.kind} ${route} stands in the cluster by itself: it is not taken away` }
    if (now === null) return { refused: true, reason: `${this.#who} has no ${this.#kind.type.kind} ${route}` }
    const answer = await this.#put(now, originalOf(snapshot))
    if (answer !== null) return { refused: true, reason: answer }
    const refusal = await this.#taken(route, now)
    const inForce = await this.read(route)
    if (refusal === null && isDeepStrictEqual(inForce?.original, snapshot.original)) return { refused: false, split: inForce }
    return { refused: true, reason: `${this.#who} was given back ${splitText(snapshot)} for ${route} but has ${splitText(inForce)} in force${refusal === null ? '' : `: ${refusal}`}` }
  }

  /** Its Service has a ready endpoint: from outside the cluster its name leads nowhere. */
  async answers(side: Side): Promise<string | null> {
    const backend = backendOf(side)
    if (backend === null) return this.#unnamed({ stable: side, candidate: null })
    const slices = await this.#cluster.list(ENDPOINTS, { namespace: backend.namespace, labels: `kubernetes.io/service-name=${backend.service}` })
    const isReady = slices.some(({ endpoints }) => Array.isArray(endpoints) && endpoints.some((endpoint) => isObject(endpoint) && (endpoint['conditions'] as { ready?: boolean } | undefined)?.ready !== false))
    return isReady ? null : `Service ${backend.namespace}/${backend.service} has no ready endpoint`
  }

  #ref(route: string): ObjectRef {
    const [namespace, name] = route.includes('/') ? route.split('/') as [string, string] : [this.#cluster.namespace, route]
    return { ...this.#kind.type, namespace, name }
  }

  #splitOf(object: ClusterObject): RouteSplit {
    const spec = object['spec'] as Record<string, unknown>
    const { shares, match, mirrorPercent } = this.#kind.read(spec, object.metadata.namespace ?? '')
    const original: Original = { spec, record: object.metadata.annotations?.[RECORD] ?? null }
    return { ...sidesOf(shares, recordOf(object)), sticky: null, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent }, original: JSON.parse(JSON.stringify(original)) as Json }
  }

  #wanted(object: ClusterObject, { stable, candidate, percent, match = [], mirrorPercent = 0 }: RouteSplit): Original {
    const backends = { stable: stable && backendOf(stable), candidate: candidate && backendOf(candidate) }
    const spec = this.#kind.write(object['spec'] as Record<string, unknown>, object.metadata.namespace ?? '', { ...backends, percent, match, mirrorPercent })
    return { spec, record: recordText({ stable, candidate, left: this.#leaving(object, [stable, candidate]) }) }
  }

  /** Who had a share and has none any more, or the last who left. */
  #leaving(object: ClusterObject, now: (Side | null)[]): Side | null {
    const { stable, candidate } = this.#splitOf(object)
    return [stable, candidate, recordOf(object)?.left ?? null].find((side) => side && !now.some((one) => one?.id === side.id)) ?? null
  }

  /** A side that is no Service cannot stand in a route. */
  #unnamed({ stable, candidate }: Pick<RouteSplit, 'stable' | 'candidate'>): string | null {
    const side = [stable, candidate].find((one) => one !== null && backendOf(one) === null)
    return side ? `${side.url} is no Service of the cluster (http://<service>.<namespace>.svc:<port>)` : null
  }

  /** A route to a Service that is not there is taken, and its requests fail. */
  async #absent({ stable, candidate }: RouteSplit): Promise<string | null> {
    for (const side of [stable, candidate]) {
      const { service, namespace } = side && backendOf(side) || {}
      if (service !== undefined && namespace !== undefined && await this.#cluster.get({ apiVersion: 'v1', kind: 'Service', name: service, namespace }) === null) return `${this.#who} has no Service ${namespace}/${service}`
    }
    return null
  }

  /** @returns why not; null: done, or it was so. @throws TARGET_UNREACHABLE when another change came between: the next try looks again */
  async #put(object: ClusterObject, wanted: Original, tries = 5): Promise<string | null> {
    const { spec, record } = wanted
    const { [RECORD]: known = null, ...others } = object.metadata.annotations ?? {}
    if (isDeepStrictEqual(object['spec'], spec) && known === record) return null
    const annotations = record === null ? others : { ...others, [RECORD]: record }
    const answer = await this.#cluster.replace({ ...object, metadata: { ...object.metadata, annotations }, spec })
    if (!answer.refused) return null
    const now = answer.why === 'stale' && tries > 1 ? await this.#cluster.get(this.#ref(`${object.metadata.namespace ?? this.#cluster.namespace}/${object.metadata.name}`)) : null
    const isStatusOnly = now !== null && now.metadata.generation === object.metadata.generation && now.metadata.annotations?.[RECORD] === object.metadata.annotations?.[RECORD]
    if (isStatusOnly) return this.#put(now, wanted, tries - 1) // its controller wrote down how it stands: nobody has changed what we looked at
    if (answer.why === 'stale') throw failure('TARGET_UNREACHABLE', `${this.#who}: ${object.kind} ${object.metadata.name} was changed meanwhile: ${answer.reason}`)
    return `${this.#who}: ${answer.reason}`
  }

  /** Wait until the controller, and the proxies that can be asked, have the object as it is. @returns why it refuses it, or who has it not */
  async #taken(route: string, before: ClusterObject): Promise<string | null> {
    for (const until = Date.now() + this.#takenWithinMs; ; await delay(AGAIN_MS)) {
      const object = await this.#cluster.get(this.#ref(route))
      if (!object) return 'it is gone'
      const taken = this.#kind.taken(object)
      const lacks = taken?.refused === null ? await this.#proxies?.lacks(object) ?? null : null
      if (taken?.refused === null && this.#proxies === null && object.metadata.generation !== before.metadata.generation) await delay(this.#settleMs)
      if (taken && lacks === null) return taken.refused
      if (Date.now() > until) return lacks ?? `no controller has taken generation ${object.metadata.generation ?? 0} of it`
    }
  }
}

const originalOf = ({ original }: RouteSplit): Original => original as unknown as Original
