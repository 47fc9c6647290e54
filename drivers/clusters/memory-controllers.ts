import { createHash } from 'node:crypto'
import { isObject } from '../../domain/json.js'
import type { ClusterObject } from './port.js'

/** An image like this cannot be pulled. */
const NO_IMAGE = /:(?:bad|missing|broken)/u
/** A Job with an image like this fails. */
const FAILS = /:fail/u
interface Spec { replicas?: number; selector?: { matchLabels?: Record<string, string> }; template?: { metadata?: { labels?: Record<string, string> }; spec?: { containers?: { name: string; image: string }[] } } }

/** What controllers and nodes make of a workload, at once: its new state and all it owns. `owned`: what it owned before. */
export function controlled(object: ClusterObject, owned: ClusterObject[]): { status: Record<string, unknown>; annotations?: Record<string, string>; owns: ClusterObject[] } | null {
  const spec = object['spec'] as Spec | undefined
  const containers = spec?.template?.spec?.containers ?? []
  const broken = containers.some(({ image }) => NO_IMAGE.test(image))
  const hash = createHash('sha256').update(JSON.stringify(spec?.template ?? null)).digest('hex').slice(0, 10)
  const observedGeneration = object.metadata.generation ?? 1
  const owner = { ownerReferences: [{ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true }] }
  const namespace = object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }
  const labels = spec?.template?.metadata?.labels ?? {}
  const pods = (count: number, more: Record<string, string>): ClusterObject[] => Array.from({ length: count }, (_, n) => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: `${object.metadata.name}-${hash}-${n}`, ...namespace, ...owner, labels: { ...labels, ...more } }, spec: { containers },
    status: { phase: broken ? 'Pending' : 'Running', containerStatuses: containers.map(({ name, image }) => ({ name, image, restartCount: 0, ready: !broken, state: broken ? { waiting: { reason: 'ErrImagePull', message: `failed to pull image ${JSON.stringify(image)}: not found` } } : { running: {} } })) },
  }))
  const wanted = spec?.replicas ?? 1
  const ready = broken ? 0 : wanted
  switch (object.kind) {
    case 'Deployment': {
      const sets = owned.filter(({ kind }) => kind === 'ReplicaSet')
      const revisions = sets.map(({ metadata }) => Number(metadata.annotations?.['deployment.kubernetes.io/revision']))
      const name = `${object.metadata.name}-${hash}`
      const mine = sets.find(({ metadata }) => metadata.name === name)?.metadata.annotations?.['deployment.kubernetes.io/revision']
      const last = Math.max(0, ...revisions)
      const revision = String(mine === String(last) ? last : last + 1)
      const set: ClusterObject = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name, ...namespace, ...owner, labels: { ...labels, 'pod-template-hash': hash }, annotations: { 'deployment.kubernetes.io/revision': revision } }, spec: { replicas: wanted } }
      return { annotations: { 'deployment.kubernetes.io/revision': revision }, status: { observedGeneration, replicas: wanted, updatedReplicas: wanted, readyReplicas: ready, availableReplicas: ready }, owns: [...sets.filter(({ metadata }) => metadata.name !== name), set, ...pods(wanted, { 'pod-template-hash': hash })] }
    }
    case 'StatefulSet': return { status: { observedGeneration, replicas: wanted, updatedReplicas: wanted, readyReplicas: ready, availableReplicas: ready, currentRevision: hash, updateRevision: hash }, owns: pods(wanted, { 'controller-revision-hash': hash }) }
    case 'DaemonSet': {
      const revision: ClusterObject = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: `${object.metadata.name}-${hash}`, ...namespace, ...owner, labels: { ...labels, 'controller-revision-hash': hash } }, revision: 1 }
      return { status: { observedGeneration, desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: broken ? 0 : 1 }, owns: [revision, ...pods(1, { 'controller-revision-hash': hash })] }
    }
    case 'Job': {
      const fails = containers.some(({ image }) => FAILS.test(image))
      const conditions = broken ? [] : [{ status: 'True', ...fails ? { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' } : { type: 'Complete' } }]
      return { status: { conditions, succeeded: broken || fails ? 0 : 1 }, owns: pods(1, { 'batch.kubernetes.io/controller-uid': object.metadata.uid ?? '' }) }
    }
    default: return null
  }
}

/** What may not change once it is there; null: nothing wrong. */
export function immutableField(before: ClusterObject, after: ClusterObject): string | null {
  const field = ['Deployment', 'StatefulSet', 'DaemonSet'].includes(after.kind) ? 'selector' : after.kind === 'Job' ? 'template' : null
  const part = (object: ClusterObject): string => JSON.stringify(field !== null && isObject(object['spec']) ? object['spec'][field] : null)
  return field === null || part(before) === part(after) ? null : `${after.kind} "${after.metadata.name}" is invalid: spec.${field}: Invalid value: field is immutable`
}
