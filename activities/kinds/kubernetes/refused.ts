import type { ApplicationFailure } from '@temporalio/common'
import { failure } from '../../../domain/failures.js'
import type { ClusterObject, ClusterPort, ObjectRef, Refusal } from '../../../drivers/clusters/port.js'
import { nameOf } from './order.js'

/** What the cluster would not do, in its words, and what helps. */
export function refused(cluster: ClusterPort, ref: ObjectRef, { why, reason, conflicts }: Refusal): ApplicationFailure {
  const what = `${cluster.name} refused ${nameOf(ref)}`
  switch (why) {
    case 'conflict': return failure('TARGET_REFUSED', `${what}: other managers have fields of it: ${conflicts.map(({ manager, field }) => `${field} (${manager})`).join(', ')}. Leave them out of the manifest, or take them with force: true`)
    case 'noNamespace': return failure('TARGET_REFUSED', `${what}: there is no namespace ${ref.namespace ?? ''}`)
    case 'immutable': return failure('TARGET_REFUSED', `${what}: a field that cannot be changed would change: ${reason}`)
    case 'stale': return failure('TARGET_UNREACHABLE', `${what}: ${reason}`) // somebody was faster: once more
    default: return failure('TARGET_REFUSED', `${what}: ${reason}`)
  }
}

/** @throws TARGET_REFUSED when it was not done */
export function done(cluster: ClusterPort, ref: ObjectRef, answer: { refused: false; object: ClusterObject | null } | Refusal): ClusterObject | null {
  if (answer.refused) throw refused(cluster, ref, answer)
  return answer.object
}
