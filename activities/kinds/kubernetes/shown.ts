import type { ClusterObject } from '../../../drivers/clusters/port.js'
import { asWritten } from './as-written.js'
import { OP_ANNOTATION, RELEASE_LABEL } from './stamp.js'

/** Holds a copy of the whole object, secrets too. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** What people wrote, without what only says which release applied it. */
export function shown(object: ClusterObject): ClusterObject {
  const { metadata: { labels, annotations, ...metadata }, ...rest } = asWritten(object)
  const without = (map: Record<string, string> | undefined, ...names: string[]): Record<string, string> => Object.fromEntries(Object.entries(map ?? {}).filter(([name]) => !names.includes(name)))
  const [ownLabels, ownAnnotations] = [without(labels, RELEASE_LABEL), without(annotations, OP_ANNOTATION, LAST_APPLIED)]
  return { ...rest, metadata: { ...metadata, ...Object.keys(ownLabels).length > 0 && { labels: ownLabels }, ...Object.keys(ownAnnotations).length > 0 && { annotations: ownAnnotations } } }
}
