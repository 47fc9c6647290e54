import { podReasons } from './pod-reasons.js'
import type { ClusterObject, ClusterPort, ObjectRef, ObjectType, Stuck, WorkloadState } from './port.js'

type Reader = Pick<ClusterPort, 'get' | 'list'>
interface Condition { type: string; status: string; reason?: string; message?: string }
/** The parts of the specs and states of all four kinds that count here. */
interface Workload extends ClusterObject {
  spec: {
    replicas?: number; paused?: boolean; completions?: number; selector?: { matchLabels?: Record<string, string> }
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
  }
  status?: {
    observedGeneration?: number; conditions?: Condition[]; replicas?: number; updatedReplicas?: number; readyReplicas?: number; availableReplicas?: number
    currentRevision?: string; updateRevision?: string; desiredNumberScheduled?: number; updatedNumberScheduled?: number; numberAvailable?: number; succeeded?: number
  }
}
interface Stage { ready: boolean; progress: string; failed?: string | null; wanted: number; readyPods: number }

const PODS: ObjectType = { apiVersion: 'v1', kind: 'Pod' }

/** How far a workload is, from what the API tells; by the rules of `kubectl rollout status`. Null: there is no such object, or it is no workload. */
export async function workloadState(reader: Reader, ref: ObjectRef): Promise<WorkloadState | null> {
  const object = await reader.get(ref) as Workload | null
  const stageOf = STAGES[ref.kind]
  if (!object || !stageOf) return null
  const seen = ref.kind === 'Job' || (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0)
  const stage = stageOf(object)
  if (!seen) return stateOf(object, { ...stage, ready: false, readyPods: 0, failed: null, progress: 'its controller has not seen it yet' }, null, []) // what its status says is of before
  const newest = await newestOf(reader, object)
  if (stage.ready) return stateOf(object, stage, newest.revision, [])
  const pods = newest.labels === null ? [] : await reader.list(PODS, { ...inNamespace(object), labels: newest.labels })
  const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const unmade = newest.unmade.length === 0 && alive.length < stage.wanted && ref.kind !== 'Deployment' ? await lastFailedCreate(reader, object) : newest.unmade
  return stateOf(object, stage, newest.revision, [...unmade, ...alive.flatMap(podReasons)])
}

const stateOf = (object: Workload, { ready, progress, failed = null, wanted, readyPods }: Stage, revision: string | null, stuck: Stuck[]): WorkloadState =>
  ({ ready: ready && failed === null, progress, failed, stuck, revision, wanted, readyPods, version: object.metadata.resourceVersion ?? '' })

const STAGES: Record<string, (object: Workload) => Stage> = {
  Deployment({ spec, status = {} }) {
    const wanted = spec.replicas ?? 1
    const [all, updated, available] = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0]
    const late = conditionOf(status.conditions, 'Progressing', 'False')
    const ready = updated >= wanted && all <= updated && available >= wanted
    const failed = late ? inWords(late) : spec.paused === true && !ready ? 'it is paused: its rollout does not go on' : null
    return { ready, failed, wanted, readyPods: Math.min(available, updated), progress: countOf(Math.min(available, updated), wanted, all - updated) }
  },
  StatefulSet({ spec, status = {} }) {
    const wanted = spec.replicas ?? 1
    const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0
    const [updated, available] = [status.updatedReplicas ?? 0, status.availableReplicas ?? 0]
    const isOut = spec.updateStrategy?.type === 'OnDelete' || (partition > 0 ? updated >= wanted - partition : status.updateRevision === status.currentRevision)
    return { ready: isOut && available >= wanted && (status.replicas ?? 0) === wanted, wanted, readyPods: Math.min(available, updated), progress: countOf(available, wanted, isOut ? 0 : Math.max(0, wanted - partition - updated)) }
  },
  DaemonSet({ spec, status = {} }) {
    const wanted = status.desiredNumberScheduled ?? 0
    const [updated, available] = [status.updatedNumberScheduled ?? 0, status.numberAvailable ?? 0]
    const isOut = spec.updateStrategy?.type === 'OnDelete' || updated >= wanted
    return { ready: isOut && available >= wanted, wanted, readyPods: Math.min(available, updated), progress: countOf(Math.min(available, updated), wanted, isOut ? 0 : wanted - updated) }
  },
  Job({ spec, status = {} }) {
    const wanted = spec.completions ?? 1
    const failed = conditionOf(status.conditions, 'Failed', 'True')
    return { ready: conditionOf(status.conditions, 'Complete', 'True') !== undefined, failed: failed ? inWords(failed) : null, wanted, readyPods: status.succeeded ?? 0, progress: `${status.succeeded ?? 0} of ${wanted} pods have succeeded` }
  },
}
export const WORKLOAD_KINDS = Object.keys(STAGES)

const conditionOf = (conditions: Condition[] | undefined, type: string, status: string): Condition | undefined => conditions?.find((one) => one.type === type && one.status === status)
const inWords = ({ reason = '', message = '' }: Condition): string => `${reason}: ${message}`
const countOf = (ready: number, wanted: number, old: number): string => `${ready} of ${wanted} pods are ready${old > 0 ? `, ${old} of an older version ${old === 1 ? 'is' : 'are'} left` : ''}`
const inNamespace = ({ metadata: { namespace } }: ClusterObject): { namespace?: string } => namespace === undefined ? {} : { namespace }
const textOf = (labels: Record<string, string>): string => Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(',')
const isOwnedBy = (owner: ClusterObject) => ({ metadata }: ClusterObject): boolean => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true

interface Newest { revision: string | null; /** Of its pods; null: not known yet. */ labels: string | null; unmade: Stuck[] }
const UNKNOWN: Newest = { revision: null, labels: null, unmade: [] }

/** What a workload's newest version is called and how its pods are found. */
async function newestOf(reader: Reader, object: Workload): Promise<Newest> {
  const { matchLabels = {} } = object.spec.selector ?? {}
  const owned = async (type: ObjectType): Promise<ClusterObject[]> => (await reader.list(type, { ...inNamespace(object), labels: textOf(matchLabels) })).filter(isOwnedBy(object))
  switch (object.kind) {
    case 'Deployment': {
      const revision = object.metadata.annotations?.['deployment.kubernetes.io/revision']
      const set = (await owned({ apiVersion: 'apps/v1', kind: 'ReplicaSet' })).find(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'] === revision)
      const hash = set?.metadata.labels?.['pod-template-hash']
      if (!set || hash === undefined) return UNKNOWN
      const failing = conditionOf((set['status'] as Workload['status'])?.conditions, 'ReplicaFailure', 'True')
      return { revision: set.metadata.name, labels: textOf({ ...matchLabels, 'pod-template-hash': hash }), unmade: failing ? [notMade(failing)] : [] }
    }
    case 'StatefulSet': {
      const revision = object.status?.updateRevision
      return revision === undefined ? UNKNOWN : { revision, labels: textOf({ ...matchLabels, 'controller-revision-hash': revision }), unmade: [] }
    }
    case 'DaemonSet': {
      const revisions = await owned({ apiVersion: 'apps/v1', kind: 'ControllerRevision' })
      const last = revisions.sort((a, b) => Number(b['revision']) - Number(a['revision']))[0]
      const hash = last?.metadata.labels?.['controller-revision-hash']
      return last && hash !== undefined ? { revision: last.metadata.name, labels: textOf({ ...matchLabels, 'controller-revision-hash': hash }), unmade: [] } : UNKNOWN
    }
    default: return { revision: null, labels: `batch.kubernetes.io/controller-uid=${object.metadata.uid ?? ''}`, unmade: [] }
  }
}

const notMade = ({ reason = 'FailedCreate', message = '' }: { reason?: string; message?: string }): Stuck => ({ pod: null, container: null, reason, message, restarts: 0 })

interface KubeEvent extends ClusterObject { reason?: string; message?: string; lastTimestamp?: string | null }

/** Controllers other than a Deployment's tell only by an event that a pod could not be made; one from before the last change tells of the version before. */
async function lastFailedCreate(reader: Reader, object: Workload): Promise<Stuck[]> {
  const since = Math.max(...(object.metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined).map(({ time = '' }) => Date.parse(time) || 0), 0)
  const events = await reader.list({ apiVersion: 'v1', kind: 'Event' }, { ...inNamespace(object), fields: `involvedObject.uid=${object.metadata.uid ?? ''},reason=FailedCreate` }) as KubeEvent[]
  const last = events.filter(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') >= since).sort((a, b) => Date.parse(b.lastTimestamp ?? '') - Date.parse(a.lastTimestamp ?? ''))[0]
  return last ? [notMade(last)] : []
}
