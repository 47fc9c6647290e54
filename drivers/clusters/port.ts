/**
 * A Kubernetes cluster. Contract: test/contract/clusters.ts. All of it may be called twice.
 * What is asked for and cannot be told throws: TARGET_UNREACHABLE when the API does not answer, TARGET_REFUSED when it says no.
 * What is changed answers: done, or refused and why.
 */
export interface ClusterPort {
  /** For messages: `cluster kube (https://127.0.0.1:6443)`. */
  readonly name: string
  /** Where an object goes that names no namespace. */
  readonly namespace: string
  /** How the API serves a kind; null when it knows none of that name and version. */
  resource(type: ObjectType): Promise<ResourceType | null>
  /** Null when there is none, nor a kind or a namespace for it. */
  get(ref: ObjectRef): Promise<ClusterObject | null>
  /** Of one namespace, or of all of them. None when the API does not know the kind. */
  list(type: ObjectType, where?: ListFilter): Promise<ClusterObject[]>
  /**
   * Server-side apply as the manager `releasectl`: only the fields the object names are ours. `force` takes fields from other managers.
   * `dryRun`: the answer without the deed.
   */
  apply(object: ClusterObject, options?: { force?: boolean; dryRun?: boolean }): Promise<ClusterAnswer>
  /** Make it exactly this. With a `resourceVersion` in it, only when nobody changed it since: else refused as `stale`. */
  replace(object: ClusterObject): Promise<ClusterAnswer>
  /** Anew, exactly this; refused as `exists` when there is one. */
  create(object: ClusterObject): Promise<ClusterAnswer>
  /** JSON merge patch (RFC 7386): null takes a field away. */
  patch(ref: ObjectRef, patch: Record<string, unknown>): Promise<ClusterAnswer>
  /** With everything it owns. `uid`: only this very one. The answer comes before it is gone; one that is gone is fine. */
  delete(ref: ObjectRef, options?: { uid?: string }): Promise<ClusterAnswer>
  /** Set a workload's replicas, and nothing else of it. */
  scale(ref: ObjectRef, replicas: number): Promise<ClusterAnswer>
  /** Returns when the object is another than at `version` (null: when there is one), when it is gone, or after `forMs`. */
  changed(ref: ObjectRef, version: string | null, options: { forMs: number; signal?: AbortSignal }): Promise<void>
  /** How far a Deployment, StatefulSet, DaemonSet or Job is; null when there is none. */
  workload(ref: ObjectRef): Promise<WorkloadState | null>
  /** The end of what a container wrote, of its last run when it has ended; empty when it wrote nothing or is gone. */
  logs(pod: { namespace: string; pod: string; container: string }, lines: number): Promise<string>
}

/** Who we are among the managers of an object's fields. */
export const MANAGER = 'releasectl'

export interface ObjectType { apiVersion: string; kind: string }
/** `namespace` left out: the cluster's default. It counts for nothing where a kind has none. */
export interface ObjectRef extends ObjectType { name: string; namespace?: string }
export interface ResourceType { plural: string; namespaced: boolean }
/** Selectors in Kubernetes' own words: `app=web,tier!=test`. */
export interface ListFilter { namespace?: string; labels?: string; fields?: string }

export interface ClusterObject extends ObjectType {
  metadata: ObjectMeta
  [field: string]: unknown
}
export interface ObjectMeta {
  name: string
  namespace?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[]
  managedFields?: ManagedFields[]
  [field: string]: unknown
}
export interface ManagedFields { manager?: string; operation?: string; subresource?: string; time?: string; apiVersion?: string; fieldsType?: string; fieldsV1?: Record<string, unknown> }

/** `object`: as it is now; null: it is gone, or on its way. */
export type ClusterAnswer = { refused: false; object: ClusterObject | null } | Refusal
/** `reason`: the API's own words. `conflicts`: which manager has which field, where `why` is `conflict`. */
export interface Refusal { refused: true; why: RefusedBecause; reason: string; conflicts: { manager: string; field: string }[] }
/**
 * `conflict`: another manager has fields of it. `stale`: it was changed meanwhile. `immutable`: a field that cannot be changed.
 * `missing`: there is no such object, `noNamespace`: nor a namespace for it. `noKind`: the API knows no such kind.
 */
export type RefusedBecause = 'conflict' | 'stale' | 'exists' | 'immutable' | 'invalid' | 'quota' | 'forbidden' | 'missing' | 'noNamespace' | 'noKind' | 'other'

/** `kind` with rollouts or an end: a Deployment, StatefulSet, DaemonSet or Job. */
export interface WorkloadState {
  /** All pods that are wanted are of the newest version and ready, and none of an older one is left; of a Job: it is complete. */
  ready: boolean
  /** `2 of 3 pods are ready, 1 of an older version is left`. */
  progress: string
  /** Its controller has given up, in its own words: it exceeded its deadline, a Job failed. */
  failed: string | null
  /** What the newest version's pods wait for, in their own words; empty when they are only starting. */
  stuck: Stuck[]
  /** What its newest version is called: the ReplicaSet of a Deployment, the revision of the others; null for Jobs and while it is not known. */
  revision: string | null
  wanted: number
  /** Pods of the newest version that are ready. */
  readyPods: number
  /** Of the object that was looked at; for `changed`. */
  version: string
}
/** `pod` null: it could not even be made (quota, admission). `container` null: the pod as a whole (it cannot be scheduled). */
export interface Stuck { pod: string | null; container: string | null; reason: string; message: string; restarts: number }

/** How a cluster is reached. Nothing given: as `KUBECONFIG` says, else the cluster the worker runs in. */
export interface ClusterAccess { kubeconfig?: string; kubeconfigFile?: string; context?: string; namespace?: string; inCluster?: boolean }
