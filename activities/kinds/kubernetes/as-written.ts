import type { ClusterObject } from '../../../drivers/clusters/port.js'

/** Set by the API server or by controllers, never by who writes an object. */
const SET_BY_SERVER = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'managedFields'] as const
/** Count rollouts; the cluster writes them. */
const COUNTERS = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation']
export const countersOf = ({ metadata: { annotations = {} } }: ClusterObject): Record<string, string> => Object.fromEntries(Object.entries(annotations).filter(([name]) => COUNTERS.includes(name)))

/** What controllers say of its state is not written by who makes it. */
export const withoutStatus = (object: ClusterObject): ClusterObject => Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'status')) as ClusterObject

/** An object without what its cluster writes into it: what is left is what people and tools have said. */
export function asWritten(object: ClusterObject): ClusterObject {
  const rest = withoutStatus(object)
  const { annotations, ...metadata } = Object.fromEntries(Object.entries(object.metadata).filter(([name]) => !(SET_BY_SERVER as readonly string[]).includes(name))) as ClusterObject['metadata']
  const kept = Object.entries(annotations ?? {}).filter(([name]) => !COUNTERS.includes(name))
  return { ...rest, metadata: { ...metadata, ...kept.length > 0 && { annotations: Object.fromEntries(kept) } } }
}
