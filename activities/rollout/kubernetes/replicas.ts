import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../../domain/json.js'
import type { ClusterPort, ObjectRef } from '../../../drivers/clusters/port.js'
import type { Answer, GatewayAbilities, RouteSplit, Side, TrafficPort } from '../../../drivers/traffic/port.js'
import type { Workloads } from './workloads.js'

const RECORD = 'split'

/**
 * A gateway for what has none: the share of the replicas is the share of the work (queue consumers, schedulers).
 * The side that grows is scaled first and waited for; only then the other shrinks. Who is who stands in a ConfigMap.
 */
export class ReplicaTraffic implements TrafficPort {
  readonly can: GatewayAbilities
  readonly #cluster: ClusterPort
  readonly #workloads: Workloads
  readonly #replicas: number
  readonly #before: Side | null
  readonly #signal: AbortSignal | undefined
  /** @param replicas that carry all the work. @param before what is the stable side where no release has set it yet */
  constructor({ cluster, workloads, replicas, before, signal }: { cluster: ClusterPort; workloads: Workloads; replicas: number; before: Side | null; signal?: AbortSignal }) {
    this.#cluster = cluster
    this.#workloads = workloads
    this.#replicas = replicas
    this.#before = before
    this.#signal = signal
    this.can = { sticky: [], match: [], mirror: false, makesRoutes: true, percentStep: 100 / replicas }
  }

  async read(route: string): Promise<RouteSplit | null> {
    const record = await this.#record(route)
    if (!record) return this.#before && { stable: this.#before, candidate: null, percent: 0, sticky: null }
    const { stable, candidate, percent } = record
    const [ofStable, ofCandidate] = [await this.#count(stable), await this.#count(candidate)]
    const wanted = this.#shares(record)
    if (ofStable === wanted.stable && ofCandidate === wanted.candidate) return { stable, candidate, percent, sticky: null }
    const total = ofStable + ofCandidate // another hand has scaled one of them
    return { stable, candidate, percent: total === 0 ? 0 : Math.round(ofCandidate / total * 10_000) / 100, sticky: null }
  }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const { stable, candidate, percent, sticky, match = [], mirrorPercent = 0 } = split
    if (!(percent >= 0 && percent <= 100)) return { refused: true, reason: `percent must be a number from 0 to 100, not ${percent}` }
    if (sticky !== null || match.length > 0 || mirrorPercent > 0) return { refused: true, reason: 'replicas keep no sessions, match no requests and mirror none' }
    const before = await this.read(route)
    const shares = this.#shares(split)
    const wanted = [{ side: stable, replicas: shares.stable }, { side: candidate, replicas: shares.candidate }]
    const grown = await Promise.all(wanted.map(async (one) => ({ ...one, now: await this.#count(one.side) })))
    for (const { side, replicas, now } of grown) if (side && replicas >= now) await this.#workloads.scaleUp(side, replicas, this.#signal)
    const refusal = await this.#remember(route, { stable, candidate, percent })
    if (refusal !== null) return { refused: true, reason: refusal }
    for (const { side, replicas, now } of grown) if (side && replicas < now) await this.#workloads.scaleDown(side, replicas)
    for (const gone of [before?.stable, before?.candidate]) if (gone && gone.id !== stable?.id && gone.id !== candidate?.id) await this.#workloads.scaleDown(gone, 0)
    const inForce = await this.read(route)
    return inForce?.percent === percent && inForce.stable?.id === stable?.id && inForce.candidate?.id === candidate?.id ? { refused: false, split: inForce }
      : { refused: true, reason: `the replicas of ${route} are at ${inForce?.percent ?? 0}%, not at ${percent}%` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    if (snapshot !== null) {
      const answer = await this.setSplit(route, snapshot)
      if (answer.refused || !isDeepStrictEqual(snapshot.stable, this.#before)) return answer
    }
    const answer = await this.#cluster.delete(this.#ref(route)) // as before the first release: no record
    return answer.refused ? { refused: true, reason: answer.reason } : { refused: false, split: await this.read(route) }
  }

  /** Replicas take their work themselves: no request is sent to them. */
  async drain(): Promise<{ open: number }> { return Promise.resolve({ open: 0 }) }

  /** At least one replica for a side with a share. */
  #shares({ stable, candidate, percent }: Pick<RouteSplit, 'stable' | 'candidate' | 'percent'>): { stable: number; candidate: number } {
    if (candidate === null || percent === 0) return { stable: stable ? this.#replicas : 0, candidate: 0 }
    if (stable === null || percent === 100) return { stable: 0, candidate: this.#replicas }
    const share = Math.round(this.#replicas * percent / 100)
    const ofCandidate = Math.min(Math.max(share, 1), Math.max(this.#replicas - 1, 1))
    return { stable: Math.max(this.#replicas - ofCandidate, 1), candidate: ofCandidate }
  }

  async #count(side: Side | null): Promise<number> { return side ? this.#workloads.count(side) : 0 }

  #ref(route: string): ObjectRef { return { apiVersion: 'v1', kind: 'ConfigMap', name: `releasectl-replicas-${route.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`, namespace: this.#workloads.namespace } }

  async #record(route: string): Promise<Pick<RouteSplit, 'stable' | 'candidate' | 'percent'> | null> {
    const object = await this.#cluster.get(this.#ref(route))
    const text = (object?.['data'] as Record<string, string> | undefined)?.[RECORD]
    const value: unknown = text === undefined ? null : JSON.parse(text)
    return isObject(value) ? value as unknown as Pick<RouteSplit, 'stable' | 'candidate' | 'percent'> : null
  }

  async #remember(route: string, split: Pick<RouteSplit, 'stable' | 'candidate' | 'percent'>): Promise<string | null> {
    const { name, namespace, ...type } = this.#ref(route)
    const answer = await this.#cluster.apply({ ...type, metadata: { name, namespace: namespace ?? '', labels: { 'app.kubernetes.io/managed-by': 'releasectl' } }, data: { [RECORD]: JSON.stringify(split) } })
    return answer.refused ? answer.reason : null
  }
}
