import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../../drivers/clusters/port.js'
import type { Side } from '../../../drivers/traffic/port.js'
import { label, RELEASE, SERVICE, versionName } from './objects.js'

const LOOK_MS = 2000

/** How a version without a Service is called: `kubernetes://<namespace>/<deployment>`. */
export const workloadUrl = (namespace: string, name: string): string => `kubernetes://${namespace}/${name}`

/** The Deployments behind the sides of one service. */
export class Workloads {
  readonly namespace: string
  readonly #cluster: ClusterPort
  readonly #service: string
  readonly #readyWithinMs: number
  /** @param readyWithinMs how long new pods may take */
  constructor({ cluster, namespace, service, readyWithinMs }: { cluster: ClusterPort; namespace: string; service: string; readyWithinMs: number }) {
    this.#cluster = cluster
    this.namespace = namespace
    this.#service = service
    this.#readyWithinMs = readyWithinMs
  }

  ref(name: string): ObjectRef { return { apiVersion: 'apps/v1', kind: 'Deployment', name, namespace: this.namespace } }
  refOfRelease(releaseId: string): ObjectRef { return this.ref(versionName(this.#service, releaseId)) }

  /** The Deployment that runs a side; null: none that we know. */
  refOf({ id, url }: Side): ObjectRef {
    const [, namespace, name] = /^kubernetes:\/\/([^/]+)\/(.+)$/.exec(url) ?? []
    return name === undefined ? this.refOfRelease(id) : { ...this.ref(name), ...namespace !== undefined && { namespace } }
  }

  async find(releaseId: string): Promise<ClusterObject | null> { return this.#cluster.get(this.refOfRelease(releaseId)) }

  async count(side: Side): Promise<number> { return replicasOf(await this.#cluster.get(this.refOf(side))) }

  /** At least so many replicas, and so many ready pods of the newest version. @throws TARGET_NOT_READY with what the pods wait for */
  async scaleUp(side: Side, replicas: number, signal?: AbortSignal): Promise<void> {
    const ref = this.refOf(side)
    if (await this.count(side) < replicas) this.#must(await this.#cluster.scale(ref, replicas), ref)
    for (const until = Date.now() + this.#readyWithinMs; ;) {
      signal?.throwIfAborted()
      const state = await this.#cluster.workload(ref)
      if (state && state.readyPods >= replicas) return
      const stuck = state?.stuck.map(({ reason, message }) => `${reason}: ${message}`).join('; ') ?? ''
      const why = state === null ? 'it is gone' : state.failed ?? (stuck === '' ? state.progress : stuck)
      if (state === null || Date.now() > until) throw failure('TARGET_NOT_READY', `Deployment ${ref.name} in ${this.#cluster.name} has ${state?.readyPods ?? 0} of ${replicas} pods ready: ${why}`)
      await this.#cluster.changed(ref, state.version, { forMs: LOOK_MS, ...signal && { signal } })
      await delay(50, undefined, { signal })
    }
  }

  async scaleDown(side: Side, replicas: number): Promise<void> {
    const ref = this.refOf(side)
    if (await this.count(side) > replicas) this.#must(await this.#cluster.scale(ref, replicas), ref)
  }

  /** Earlier versions without pods, but for the newest `keep`. */
  async prune(keep: number, except: string): Promise<void> {
    const all = await this.#cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace: this.namespace, labels: `${SERVICE}=${label(this.#service)}` })
    const idle = all.filter((object) => replicasOf(object) === 0 && object.metadata.labels?.[RELEASE] !== label(except))
      .sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))
    for (const { metadata: { name } } of idle.slice(keep)) {
      this.#must(await this.#cluster.delete(this.ref(name)), this.ref(name))
      await this.#cluster.delete({ apiVersion: 'v1', kind: 'Service', name, namespace: this.namespace })
    }
  }

  #must(answer: { refused: boolean; reason?: string }, { kind, name }: ObjectRef): void {
    if (answer.refused) throw failure('TARGET_REFUSED', `${this.#cluster.name} refused ${kind} ${name}: ${answer.reason ?? ''}`)
  }
}

export const replicasOf = (object: ClusterObject | null): number => object === null ? 0 : (object['spec'] as { replicas?: number }).replicas ?? 1
