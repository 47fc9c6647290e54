import type { ClusterObject, ClusterPort, ObjectType } from '../../../drivers/clusters/port.js'
import { keyOf, refOf } from './order.js'
import { RELEASE_LABEL } from './stamp.js'

/** Looked through besides the kinds of the manifests. Never a Namespace, a definition or a volume: what is lost with those does not come back. */
const KINDS: ObjectType[] = [
  ...['ConfigMap', 'Secret', 'Service', 'ServiceAccount'].map((kind) => ({ apiVersion: 'v1', kind })),
  ...['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ({ apiVersion: 'apps/v1', kind })),
  ...['Job', 'CronJob'].map((kind) => ({ apiVersion: 'batch/v1', kind })),
  ...['Ingress', 'NetworkPolicy'].map((kind) => ({ apiVersion: 'networking.k8s.io/v1', kind })),
  ...['Role', 'RoleBinding'].map((kind) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind })),
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
]
const NEVER = ['PersistentVolumeClaim']

/** What matches the selector in the manifests' namespaces, was applied by a release (ours carry its label) and is not wanted any more. */
export async function prunable(cluster: ClusterPort, objects: ClusterObject[], selector: string): Promise<ClusterObject[]> {
  const wanted = new Set(objects.map((object) => keyOf(refOf(object))))
  const namespaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))]
  const own = objects.filter(({ kind, metadata }) => metadata.namespace !== undefined && !NEVER.includes(kind))
  const types = new Map([...KINDS, ...own].map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]))
  const found = await Promise.all([...types.values()].flatMap((type) => namespaces.map((namespace) => cluster.list(type, { namespace, labels: `${selector},${RELEASE_LABEL}` }))))
  return found.flat().filter((object) => object.metadata.ownerReferences === undefined && object.metadata.deletionTimestamp === undefined && !wanted.has(keyOf(refOf(object))))
}
