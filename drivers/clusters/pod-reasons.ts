import type { ClusterObject, Stuck } from './port.js'

interface Ended { exitCode: number; reason?: string; message?: string }
interface ContainerStatus { name: string; restartCount: number; state?: { waiting?: { reason?: string; message?: string }; terminated?: Ended }; lastState?: { terminated?: Ended } }
interface PodStatus { phase?: string; reason?: string; message?: string; conditions?: { type: string; status: string; reason?: string; message?: string }[]; initContainerStatuses?: ContainerStatus[]; containerStatuses?: ContainerStatus[] }

/** A container on its way says these too. */
const STARTING = ['ContainerCreating', 'PodInitializing']

/** What keeps a pod from being ready, in the words of its scheduler and its kubelet; nothing while it is only starting. */
export function podReasons(pod: ClusterObject): Stuck[] {
  const status = (pod['status'] ?? {}) as PodStatus
  const of = (container: string | null, reason: string, message = '', restarts = 0): Stuck => ({ pod: pod.metadata.name, container, reason, message, restarts })
  if (status.phase === 'Failed' && status.reason !== undefined) return [of(null, status.reason, status.message)]
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  if (unscheduled) return [of(null, unscheduled.reason ?? 'Unschedulable', unscheduled.message)]
  return [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []].flatMap(({ name, state, lastState, restartCount }) => {
    const waiting = state?.waiting?.reason
    if (waiting !== undefined && !STARTING.includes(waiting)) return [of(name, waiting, [state?.waiting?.message, endOf(lastState?.terminated)].filter(Boolean).join('; '), restartCount)]
    const ended = state?.terminated
    return ended && ended.exitCode !== 0 ? [of(name, ended.reason ?? 'Error', endOf(ended), restartCount)] : []
  })
}

const endOf = (ended: Ended | undefined): string =>
  ended ? `it ended with exit code ${ended.exitCode}${ended.reason !== undefined && ended.reason !== 'Error' ? ` (${ended.reason})` : ''}${ended.message ? `: ${ended.message}` : ''}` : ''
