import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../clusters/port.js'
import type { Answer, GatewayAbilities, RouteSplit, Side, SideCounters, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import type { Proxies } from './proxies.js'
import { RECORD, recordOf } from './record.js'
import type { RouteKind } from './route-kind.js'
import { originalOf, splitOf, wantedOf, type Original } from './route-object.js'
import { addressOf, backendOf } from './service-url.js'
import { RouteServices } from './services.js'

const AGAIN_MS = 100

/**
 * A route is an object of a cluster (`name`, or `namespace/name`) whose backends are Services; sides are called
 * `http://<service>.<namespace>.svc:<port>`, or by their address outside the cluster. Each change names the version it was meant for, so a late one undoes nothing.
 */
export class ClusterTraffic implements TrafficPort {
  readonly can: GatewayAbilities
  /** Only with proxies that can be asked. */
  readonly metrics?: NonNullable<TrafficPort['metrics']>
  readonly drain?: NonNullable<TrafficPort['drain']>
  readonly #who: string
  readonly #cluster: ClusterPort
  readonly #services: RouteServices
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
    this.#services = new RouteServices(cluster)
    this.#kind = kind
    this.#takenWithinMs = takenWithinMs
    this.#settleMs = settleMs
    this.#proxies = proxies
    if (proxies === null) return
    this.metrics = async (route) => {
      const { namespace = '' } = this.#ref(route)
      const counted = async (side: Side | null): Promise<SideCounters> => { const backend = side && backendOf(side, namespace); return backend ? proxies.counters(backend) : { requests: 0, errors: 0, latency: [] } }
      const split = await this.read(route)
      return split && { stable: await counted(split.stable), candidate: await counted(split.candidate), at: new Date().toISOString() }
    }
    this.drain = async (route, sideId) => {
      const object = await this.#cluster.get(this.#ref(route))
      const { stable = null, candidate = null, left = null } = object && recordOf(object) || {}
      const side = [stable, candidate, left].find((one) => one?.id === sideId)
      const backend = side ? backendOf(side, object?.metadata.namespace ?? '') : null
      return { open: backend ? await proxies.underWay(backend) : 0 }
    }
  }

  async read(route: string): Promise<RouteSplit | null> {
    const object = await this.#cluster.get(this.#ref(route))
    return object && splitOf(this.#kind, object)
  }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const before = await this.#cluster.get(this.#ref(route))
    if (!before) return { refused: true, reason: `${this.#who} has no ${this.#kind.type.kind} ${route}` }
    const why = unable(this.can, split) ?? this.#unnamed(split) ?? await this.#provided(route, split)
    if (why !== null) return { refused: true, reason: why }
    const answer = await this.#put(before, wantedOf(this.#kind, before, split))
    if (answer !== null) return { refused: true, reason: answer }
    const refusal = await this.#taken(route, before)
    const inForce = await this.read(route)
    if (refusal === null && inForce && sameWithinStep(split, inForce, this.can.percentStep)) return this.#settled(route, before, inForce)
    const now = await this.#cluster.get(this.#ref(route))
    if (now) await this.#put(now, originalOf(splitOf(this.#kind, before)))
    return { refused: true, reason: `${this.#who} took ${splitText(split)} for ${route} but has ${splitText(inForce)} in force${refusal === null ? '' : `: ${refusal}`}` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const now = await this.#cluster.get(this.#ref(route))
    if (snapshot === null) return now === null ? { refused: false, split: null } : { refused: true, reason: `${this.#kind.type.kind} ${route} stands in the cluster by itself: it is not taken away` }
    if (now === null) return { refused: true, reason: `${this.#who} has no ${this.#kind.type.kind} ${route}` }
    const answer = await this.#provided(route, snapshot) ?? await this.#put(now, originalOf(snapshot))
    if (answer !== null) return { refused: true, reason: answer }
    const refusal = await this.#taken(route, now)
    const inForce = await this.read(route)
    if (refusal === null && inForce && isDeepStrictEqual(inForce.original, snapshot.original)) return this.#settled(route, now, inForce)
    return { refused: true, reason: `${this.#who} was given back ${splitText(snapshot)} for ${route} but has ${splitText(inForce)} in force${refusal === null ? '' : `: ${refusal}`}` }
  }

  /** Its Service has a ready endpoint: from outside the cluster its name leads nowhere. An address leads there from anywhere. */
  async answers(side: Side): Promise<string | null | undefined> {
    if (addressOf(side) !== null) return undefined
    const backend = backendOf(side, '')
    return backend === null ? this.#unnamed({ stable: side, candidate: null }) : this.#services.unready(backend)
  }

  #ref(route: string): ObjectRef {
    const [namespace, name] = route.includes('/') ? route.split('/') as [string, string] : [this.#cluster.namespace, route]
    return { ...this.#kind.type, namespace, name }
  }

  /** A side that is no Service cannot stand in a route. */
  #unnamed({ stable, candidate }: Pick<RouteSplit, 'stable' | 'candidate'>): string | null {
    const side = [stable, candidate].find((one) => one !== null && backendOf(one, '') === null)
    return side ? `${side.url} is neither a Service of the cluster (http://<service>.<namespace>.svc:<port>) nor an address (http://<IP>:<port>)` : null
  }

  /** The sides' Services are there, and its proxies have heard of them: else they would answer 503 for a moment. */
  async #provided(route: string, { stable, candidate }: RouteSplit): Promise<string | null> {
    const { why, made } = await this.#services.provide([stable, candidate], this.#ref(route))
    if (why !== null) return why
    if (this.#proxies === null && made) await delay(this.#settleMs)
    const backends = [stable, candidate].map((side) => side && backendOf(side, this.#ref(route).namespace ?? '')).filter((backend) => backend !== null)
    const until = Date.now() + this.#takenWithinMs // Istio can be told to leave out what no route leads to (PILOT_FILTER_GATEWAY_CLUSTER_CONFIG): then they never have
    while (this.#proxies !== null && !await this.#proxies.know(backends) && Date.now() < until) await delay(AGAIN_MS)
    return null
  }

  /** Sides that had a share until now may have requests under way: what leads to them goes with the next change. */
  async #settled(route: string, before: ClusterObject, split: RouteSplit): Promise<Answer> {
    const { stable, candidate } = splitOf(this.#kind, before)
    await this.#services.forget(this.#ref(route), [split.stable, split.candidate, stable, candidate])
    return { refused: false, split }
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
