import type { Json } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../../drivers/clusters/port.js'
import { withoutStatus } from './as-written.js'
import { refOf } from './order.js'
import { prunable } from './prune.js'

/** One object as it was. */
export interface Saved {
  ref: ObjectRef
  /** Null: there was none. */
  before: ClusterObject | null
  /** Of a workload: it was ready then, so that it can be waited for. */
  wasReady: boolean
  /** The ReplicaSet or revision that was in force. */
  revision: string | null
}
export interface ClusterSnapshot { objects: Saved[] }

/** What there is of the objects a job will apply or prune, in the order of the manifests. */
export async function takeSnapshot(cluster: ClusterPort, objects: ClusterObject[], prune: string | undefined): Promise<ClusterSnapshot> {
  const refs = [...objects, ...prune === undefined ? [] : await prunable(cluster, objects, prune)].map(refOf)
  const saved: Saved[] = []
  for (const ref of refs) {
    const before = await cluster.get(ref)
    const state = before ? await cluster.workload(ref) : null
    saved.push({ ref, before: before && withoutStatus(before), wasReady: state?.ready ?? false, revision: state?.revision ?? null })
  }
  return { objects: saved }
}

export const asJson = (snapshot: ClusterSnapshot): Json => snapshot as unknown as Json
export const asSnapshot = (snapshot: Json): ClusterSnapshot => (snapshot ?? { objects: [] }) as unknown as ClusterSnapshot
