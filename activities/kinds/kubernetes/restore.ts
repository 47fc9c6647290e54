import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import { MANAGER, type ClusterObject, type ClusterPort, type ManagedFields, type ObjectRef } from '../../../drivers/clusters/port.js'
import type { JobContext } from '../../kind-runner.js'
import { asWritten, countersOf } from './as-written.js'
import { nameOf } from './order.js'
import { done, refused } from './refused.js'
import { sameJson } from './same-json.js'
import type { Saved } from './snapshot.js'
import { releaseOf } from './stamp.js'
import { deleteAndWait } from './wait-gone.js'

const TRIES = 10
export type Restored = 'made anew' | 'put back' | 'as it was' | 'deleted' | 'left'
interface Restoring { cluster: ClusterPort; context: Pick<JobContext, 'call' | 'signal'>; until: number }

/**
 * Make an object what it was, to the field: what was added goes, what was taken comes back, and every manager has the fields it had.
 * A Job that was replaced is not run again: what it did cannot be undone. @throws TARGET_REFUSED
 */
export async function putBack(restoring: Restoring, { ref, before }: Saved & { before: ClusterObject }): Promise<Restored> {
  const { cluster } = restoring
  let did: Restored = 'as it was'
  for (let tries = 0; tries < TRIES; tries += 1) {
    const live = await cluster.get(ref)
    if (live?.metadata.deletionTimestamp !== undefined) throw failure('TARGET_UNREACHABLE', `${cluster.name}: ${nameOf(ref)} is being deleted; it can be made anew when it is gone`)
    if (ref.kind === 'Job' && live?.metadata.uid !== before.metadata.uid) return removeMade(restoring, ref)
    if (!live) {
      const answer = await cluster.create(asWritten(before))
      if (!answer.refused) did = 'made anew'
      else if (answer.why !== 'exists') throw refused(cluster, ref, answer)
      continue
    }
    const wanted = asItWas(before, live)
    const differs = !sameJson(asWritten(live), asWritten(wanted))
    if (!differs && sameManagers(live, before)) return did
    if (did === 'as it was') did = 'put back'
    const answer = differs ? await cluster.replace(wanted) : await cluster.replace({ ...wanted, metadata: { ...wanted.metadata, managedFields: managersOf(before, live) } })
    if (answer.refused && answer.why !== 'stale') throw refused(cluster, ref, answer)
    if (!answer.refused && !differs) return did
  }
  throw failure('TARGET_UNREACHABLE', `${cluster.name}: ${nameOf(ref)} is changed by somebody all the time`)
}

/** What it was, on top of what only its cluster may say, provided nobody changes it meanwhile. */
function asItWas(before: ClusterObject, live: ClusterObject): ClusterObject {
  const written = asWritten(before)
  const annotations = { ...written.metadata.annotations, ...countersOf(live) }
  const { uid = '', resourceVersion = '' } = live.metadata
  const replicas = isObject(live['spec']) && !hasReplicas(before) && !hasReplicas(live) ? { spec: { ...written['spec'] as object, replicas: live['spec']['replicas'] } } : {}
  return { ...written, ...replicas, metadata: { ...written.metadata, uid, resourceVersion, ...Object.keys(annotations).length > 0 && { annotations } } }
}

/** Replicas that no release has named, an autoscaler's for one, are not ours to put back. */
const hasReplicas = ({ metadata: { managedFields } }: ClusterObject): boolean => managedFields === undefined
  || managedFields.some(({ manager, fieldsV1 }) => manager === MANAGER && isObject(fieldsV1?.['f:spec']) && 'f:replicas' in fieldsV1['f:spec'])

/** Managers as they were; what controllers say of its state is theirs and stays. */
function managersOf(before: ClusterObject, live: ClusterObject): ManagedFields[] {
  const isStatus = ({ subresource }: ManagedFields): boolean => subresource !== undefined
  return [...(before.metadata.managedFields ?? []).filter((one) => !isStatus(one)), ...(live.metadata.managedFields ?? []).filter(isStatus)]
}

/** A controller's bookkeeping (a rollout's number) comes and goes; who else has what must be the same. */
function sameManagers(live: ClusterObject, before: ClusterObject): boolean {
  const owners = ({ metadata }: ClusterObject): unknown[] => (metadata.managedFields ?? []).filter(({ subresource, manager }) => subresource === undefined && manager !== 'kube-controller-manager')
    .map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 })).sort((a, b) => `${a.manager}${a.operation}` < `${b.manager}${b.operation}` ? -1 : 1)
  return before.metadata.managedFields === undefined || sameJson(owners(live), owners(before))
}

/** Delete what this release made; what somebody else has made since is not ours. */
export async function removeMade({ cluster, context, until }: Restoring, ref: ObjectRef): Promise<Restored> {
  const live = await cluster.get(ref)
  if (!live) return 'as it was'
  if (releaseOf(live) !== context.call.release.releaseId) return 'left'
  await deleteAndWait(cluster, ref, live.metadata.uid, until, context.signal)
  return 'deleted'
}

/** A pod of a StatefulSet that never became ready holds up the way back for ever (Kubernetes: "Forced rollback"): it is deleted. */
export async function freeStatefulSet(cluster: ClusterPort, object: ClusterObject | null): Promise<void> {
  const revision = (object?.['status'] as { updateRevision?: string } | undefined)?.updateRevision
  if (object?.kind !== 'StatefulSet' || revision === undefined) return
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { ...object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }, labels: `controller-revision-hash,controller-revision-hash!=${revision}` })
  for (const pod of pods) {
    const isOurs = pod.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true
    const isReady = (pod['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    const ref = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? '' }
    if (isOurs && !isReady && pod.metadata.deletionTimestamp === undefined) done(cluster, ref, await cluster.delete(ref, pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }).then((answer) => answer.refused && answer.why === 'stale' ? { refused: false as const, object: null } : answer))
  }
}
