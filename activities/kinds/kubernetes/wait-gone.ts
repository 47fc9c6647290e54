import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../../drivers/clusters/port.js'
import { nameOf } from './order.js'
import { done } from './refused.js'

const LOOK_MS = 1000
const PAUSE_MS = 50

/** Delete this very object and wait until it and what it owns are gone; one of another uid is left alone. @throws TARGET_REFUSED, TIMED_OUT naming what holds it */
export async function deleteAndWait(cluster: ClusterPort, ref: ObjectRef, uid: string | undefined, until: number, signal: AbortSignal): Promise<void> {
  const answer = await cluster.delete(ref, { ...uid !== undefined && { uid } })
  if (answer.refused && answer.why === 'stale') return
  done(cluster, ref, answer)
  for (;;) {
    const live: ClusterObject | null = await cluster.get(ref)
    if (!live || live.metadata.uid !== uid) return
    if (Date.now() >= until) throw failure('TIMED_OUT', `${cluster.name}: ${nameOf(ref)} is deleted but not gone${Array.isArray(live.metadata['finalizers']) ? `: it is held by ${(live.metadata['finalizers'] as string[]).join(', ')}` : ''}`)
    await cluster.changed(ref, live.metadata.resourceVersion ?? null, { forMs: LOOK_MS, signal })
    await delay(PAUSE_MS, undefined, { signal })
  }
}
