import type { ClusterObject } from '../../../drivers/clusters/port.js'
import type { JobContext } from '../../kind-runner.js'

/** On every object that a release applied: which one, and by which attempt. Never on a pod's template: that would roll it out again. */
export const RELEASE_LABEL = 'releasectl.dev/release'
export const OP_ANNOTATION = 'releasectl.dev/op'

export const stamped = (object: ClusterObject, { call: { release }, idempotencyKey }: Pick<JobContext, 'call' | 'idempotencyKey'>): ClusterObject => ({
  ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [RELEASE_LABEL]: release.releaseId }, annotations: { ...object.metadata.annotations, [OP_ANNOTATION]: idempotencyKey } },
})

export const releaseOf = ({ metadata }: ClusterObject): string | undefined => metadata.labels?.[RELEASE_LABEL]
export const opOf = ({ metadata }: ClusterObject): string | undefined => metadata.annotations?.[OP_ANNOTATION]
