import type { ClusterObject, ObjectRef } from '../../../drivers/clusters/port.js'

/** Applied one after the other: what others need comes first. Kinds that are not here come last, their definitions among the first. */
const ORDER = [
  ['Namespace'], ['CustomResourceDefinition'], ['PriorityClass', 'StorageClass', 'RuntimeClass', 'ResourceQuota', 'LimitRange', 'NetworkPolicy'],
  ['ServiceAccount'], ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'], ['ConfigMap', 'Secret', 'PersistentVolume', 'PersistentVolumeClaim'],
  ['Service'], ['Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'], ['PodDisruptionBudget', 'HorizontalPodAutoscaler', 'Ingress'],
]

const rankOf = ({ kind }: ClusterObject): number => {
  const rank = ORDER.findIndex((kinds) => kinds.includes(kind))
  return rank < 0 ? ORDER.length : rank
}

/** As they are applied; within a rank as they are written. */
export const inOrder = (objects: ClusterObject[]): ClusterObject[] => [...objects].sort((a, b) => rankOf(a) - rankOf(b))

export const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: ClusterObject): ObjectRef => ({ apiVersion, kind, name, ...namespace !== undefined && { namespace } })

/** `Deployment shop/web`, `Namespace shop`. */
export const nameOf = ({ kind, name, namespace }: ObjectRef): string => `${kind} ${namespace !== undefined ? `${namespace}/` : ''}${name}`
export const keyOf = ({ apiVersion, kind, name, namespace = '' }: ObjectRef): string => `${apiVersion.split('/').slice(0, -1).join('/')} ${kind} ${namespace} ${name}`
