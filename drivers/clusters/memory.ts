/** A double for tests of workflows and activities: keeps the cluster contract in memory; controllers and nodes do at once what they are told. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import { controlled, immutableField } from './memory-controllers.js'
import { at, merged, mergePatched, same, updatedOwners, type Owners } from './memory-fields.js'
import { MANAGER, type ClusterAnswer, type ClusterObject, type ClusterPort, type ListFilter, type ObjectRef, type ObjectType, type ResourceType, type WorkloadState } from './port.js'
import { refusedAs } from './refusal.js'
import { workloadState } from './workload.js'

const NAMESPACED = ['v1 ConfigMap', 'v1 Secret', 'v1 Service', 'v1 ServiceAccount', 'v1 Pod', 'v1 Event', 'v1 ResourceQuota', 'v1 PersistentVolumeClaim', 'apps/v1 Deployment', 'apps/v1 StatefulSet', 'apps/v1 DaemonSet', 'apps/v1 ReplicaSet', 'apps/v1 ControllerRevision',
  'batch/v1 Job', 'batch/v1 CronJob', 'networking.k8s.io/v1 Ingress', 'networking.k8s.io/v1 NetworkPolicy', 'rbac.authorization.k8s.io/v1 Role', 'rbac.authorization.k8s.io/v1 RoleBinding', 'policy/v1 PodDisruptionBudget', 'autoscaling/v2 HorizontalPodAutoscaler']
const OF_THE_CLUSTER = ['v1 Namespace', 'v1 Node', 'rbac.authorization.k8s.io/v1 ClusterRole', 'rbac.authorization.k8s.io/v1 ClusterRoleBinding', 'apiextensions.k8s.io/v1 CustomResourceDefinition']
const LOOK_MS = 10

interface State { objects: Map<string, ClusterObject>; owners: Map<string, Owners>; version: number }

export class MemoryCluster implements ClusterPort {
  readonly name = 'cluster memory'
  readonly namespace = 'default'
  /** Not null: nothing is answered and nothing done; the text says why. */
  unreachableBecause: string | null = null
  /** So many of the next changes are made, and their answers lost. */
  loseAnswers = 0
  /** By pod: what its containers wrote. */
  readonly written = new Map<string, string>()
  readonly #manager: string
  readonly #state: State

  constructor(manager = MANAGER, state: State | null = null) {
    this.#manager = manager
    this.#state = state ?? { objects: new Map(), owners: new Map(), version: 0 }
    if (!state) this.#put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }, new Map())
  }

  /** The same cluster, as another manager of fields. */
  as(manager: string): MemoryCluster { return new MemoryCluster(manager, this.#state) }

  async resource({ apiVersion, kind }: ObjectType): Promise<ResourceType | null> {
    this.#reached()
    const name = `${apiVersion} ${kind}`
    return NAMESPACED.includes(name) ? { plural: `${kind.toLowerCase()}s`, namespaced: true } : OF_THE_CLUSTER.includes(name) ? { plural: `${kind.toLowerCase()}s`, namespaced: false } : null
  }

  async get(ref: ObjectRef): Promise<ClusterObject | null> {
    this.#reached()
    return structuredClone(this.#state.objects.get(this.#key(ref)) ?? null)
  }

  async list({ apiVersion, kind }: ObjectType, { namespace, labels, fields }: ListFilter = {}): Promise<ClusterObject[]> {
    this.#reached()
    const all = [...this.#state.objects.values()].filter((object) => object.apiVersion === apiVersion && object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace))
    return structuredClone(all.filter((object) => matches(labels, (name) => object.metadata.labels?.[name]) && matches(fields, (name) => at(object, name.split('.')))))
  }

  async apply(given: ClusterObject, { force = false, dryRun = false } = {}): Promise<ClusterAnswer> {
    const refused = await this.#cannotBe(given)
    if (refused) return refused
    const object = this.#placed(given)
    const live = this.#state.objects.get(this.#key(given)) ?? null
    const { object: next, owners, conflicts } = merged(live ?? { apiVersion: object.apiVersion, kind: object.kind, metadata: { name: object.metadata.name, ...object.metadata.namespace !== undefined && { namespace: object.metadata.namespace } } }, this.#state.owners.get(this.#key(given)) ?? none(), object, this.#manager, force)
    if (conflicts.length > 0) return { ...refusedAs('conflict', `Apply failed with ${conflicts.length} conflict: ${conflicts.map(({ manager, field }) => `conflict with "${manager}": ${field}`).join(', ')}`), conflicts }
    return this.#write(live, next, owners, dryRun)
  }

  async replace(given: ClusterObject): Promise<ClusterAnswer> {
    const refused = await this.#cannotBe(given)
    if (refused) return refused
    const live = this.#state.objects.get(this.#key(given))
    if (!live) return refusedAs('missing', `${given.kind} "${given.metadata.name}" not found`)
    if (given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== live.metadata.resourceVersion) return refusedAs('stale', 'the object has been modified')
    const { uid, generation, creationTimestamp } = live.metadata
    const next = this.#placed({ ...structuredClone(given), metadata: { ...given.metadata, ...uid !== undefined && { uid }, ...generation !== undefined && { generation }, ...creationTimestamp !== undefined && { creationTimestamp } }, ...live['status'] !== undefined && { status: live['status'] } })
    return this.#write(live, next, updatedOwners(live, next, this.#state.owners.get(this.#key(given)) ?? none(), this.#manager))
  }

  async create(given: ClusterObject): Promise<ClusterAnswer> {
    const refused = await this.#cannotBe(given)
    if (refused) return refused
    if (this.#state.objects.has(this.#key(given))) return refusedAs('exists', `${given.kind} "${given.metadata.name}" already exists`)
    const next = this.#placed(structuredClone(given))
    return this.#write(null, next, updatedOwners(null, next, none(), this.#manager))
  }

  async patch(ref: ObjectRef, patch: Record<string, unknown>): Promise<ClusterAnswer> {
    const live = await this.get(ref)
    if (!live) return refusedAs('missing', `${ref.kind} "${ref.name}" not found`)
    const next = mergePatched(live, patch) as ClusterObject
    return this.#write(live, next, updatedOwners(live, next, this.#state.owners.get(this.#key(ref)) ?? none(), this.#manager))
  }

  async delete(ref: ObjectRef, { uid }: { uid?: string } = {}): Promise<ClusterAnswer> {
    const live = await this.get(ref)
    if (live && uid !== undefined && live.metadata.uid !== uid) return refusedAs('stale', 'the UID in the precondition does not match')
    if (live) this.#remove(live)
    return this.#answer(null)
  }

  async scale(ref: ObjectRef, replicas: number): Promise<ClusterAnswer> { return this.patch(ref, { spec: { replicas } }) }

  async changed(ref: ObjectRef, version: string | null, { forMs, signal }: { forMs: number; signal?: AbortSignal }): Promise<void> {
    for (const until = Date.now() + forMs; Date.now() < until; await delay(LOOK_MS, undefined, { ...signal && { signal } })) {
      if (((await this.get(ref))?.metadata.resourceVersion ?? null) !== version) return
    }
  }

  async workload(ref: ObjectRef): Promise<WorkloadState | null> { return workloadState(this, ref) }
  async logs({ pod }: { pod: string }): Promise<string> { return this.written.get(pod) ?? '' }

  async #cannotBe(object: ClusterObject): Promise<ClusterAnswer | null> {
    const resource = await this.resource(object)
    if (!resource) return refusedAs('noKind', `the API knows no kind ${object.kind} in ${object.apiVersion}`)
    const namespace = object.metadata.namespace ?? this.namespace
    if (resource.namespaced && !this.#state.objects.has(`v1 Namespace  ${namespace}`)) return refusedAs('noNamespace', `namespaces "${namespace}" not found`)
    const isWorkload = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'].includes(object.kind)
    return isWorkload && at(object, ['spec', 'template']) === undefined ? refusedAs('invalid', `${object.kind} "${object.metadata.name}" is invalid: spec.template: Required value`) : null
  }

  #write(live: ClusterObject | null, next: ClusterObject, owners: Owners, dryRun = false): ClusterAnswer {
    const immutable = live && immutableField(live, next)
    if (immutable) return refusedAs('immutable', immutable)
    if (dryRun) return { refused: false, object: structuredClone(next) }
    if (live && same(live, next)) return this.#answer(live)
    const generation = live ? (live.metadata.generation ?? 1) + (same(live['spec'], next['spec']) ? 0 : 1) : 1
    const object = this.#put({ ...next, metadata: { uid: randomUUID(), creationTimestamp: new Date().toISOString(), ...next.metadata, generation } }, owners)
    const before = [...this.#state.objects.values()].filter(isOwnedBy(object))
    const made = controlled(object, before)
    if (made) {
      for (const old of before) this.#state.objects.delete(this.#key(old))
      for (const owned of made.owns) this.#put({ ...owned, metadata: { uid: randomUUID(), ...owned.metadata } }, new Map())
      this.#put({ ...object, metadata: { ...object.metadata, ...made.annotations && { annotations: { ...object.metadata.annotations, ...made.annotations } } }, status: made.status }, owners)
    }
    return this.#answer(this.#state.objects.get(this.#key(object)) ?? null)
  }

  #put(object: ClusterObject, owners: Owners): ClusterObject {
    const kept = { ...structuredClone(object), metadata: { ...object.metadata, resourceVersion: String(++this.#state.version) } }
    this.#state.objects.set(this.#key(object), kept)
    this.#state.owners.set(this.#key(object), owners)
    return kept
  }

  #remove(object: ClusterObject): void {
    this.#state.objects.delete(this.#key(object))
    this.#state.owners.delete(this.#key(object))
    const isIn = ({ metadata }: ClusterObject): boolean => object.kind === 'Namespace' && metadata.namespace === object.metadata.name
    for (const other of [...this.#state.objects.values()]) if (isOwnedBy(object)(other) || isIn(other)) this.#remove(other)
  }

  #answer(object: ClusterObject | null): ClusterAnswer {
    if (this.loseAnswers > 0) {
      this.loseAnswers--
      throw failure('TARGET_UNREACHABLE', `${this.name}: the answer was lost`)
    }
    return { refused: false, object: structuredClone(object) }
  }

  #placed(object: ClusterObject): ClusterObject {
    const isNamespaced = NAMESPACED.includes(`${object.apiVersion} ${object.kind}`)
    return isNamespaced ? { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? this.namespace } } : object
  }

  #key(given: ObjectRef | ClusterObject): string {
    const { name, namespace = this.namespace } = 'metadata' in given ? given.metadata : given
    return `${given.apiVersion} ${given.kind} ${OF_THE_CLUSTER.includes(`${given.apiVersion} ${given.kind}`) ? '' : namespace} ${name}`
  }

  #reached(): void { if (this.unreachableBecause !== null) throw failure('TARGET_UNREACHABLE', `${this.name}: ${this.unreachableBecause}`) }
}

const none = (): Owners => new Map()
const isOwnedBy = (owner: ClusterObject) => ({ metadata }: ClusterObject): boolean => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true

/** `a=b,c!=d,e` over whatever `read` finds. */
function matches(selector: string | undefined, read: (name: string) => unknown): boolean {
  return (selector ?? '').split(',').filter(Boolean).every((term) => {
    const [, name = '', operator, value] = /^([^!=]+)(!=|==?)?(.*)$/u.exec(term) ?? []
    if (operator === undefined) return read(name) !== undefined
    return (read(name) === value) !== (operator === '!=')
  })
}
