import type { ClusterObject } from '../../../drivers/clusters/port.js'

/** As one applies it: without what the server has set. */
export function plain({ metadata: { name, namespace, labels, annotations }, apiVersion, kind, ...whole }: ClusterObject): ClusterObject {
  const object = without(whole, 'status')
  const ours = without(annotations ?? {}, 'deployment.kubernetes.io/revision')
  const spec = without(object['spec'] as Record<string, unknown>, 'clusterIP', 'clusterIPs')
  return { ...object, apiVersion, kind, metadata: { name, ...namespace !== undefined && { namespace }, ...labels && { labels }, annotations: ours }, spec }
}

const without = <Value>(map: Record<string, Value>, ...keys: string[]): Record<string, Value> => Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)))
