import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow'
import type { CompiledFleet } from '../../domain/fleet.js'
import { failure } from '../../domain/failures.js'
import { agentTaskQueue, type TargetRef } from '../../domain/target.js'
import type { Place } from '../proxies.js'

/** An agent that is there takes a job at once. */
const TAKEN_WITHIN_MS = 60_000

/** Whose queue a target's jobs go to; undefined: any worker's, which reaches it by its address. */
export function placeOf(target: TargetRef, { offline, offlineWaitMs }: Pick<CompiledFleet, 'offline' | 'offlineWaitMs'>): Place | undefined {
  if (target.via !== 'agent') return undefined
  return { taskQueue: agentTaskQueue(target.id), scheduleToStartTimeout: offline === 'wait' ? offlineWaitMs : Math.min(offlineWaitMs, TAKEN_WITHIN_MS) }
}

/** The same for taking back, which waits as long as it may. */
export const undoPlaceOf = (target: TargetRef, waitMs: number): Place | undefined =>
  target.via === 'agent' ? { taskQueue: agentTaskQueue(target.id), scheduleToStartTimeout: waitMs } : undefined

/** @throws TARGET_UNREACHABLE in place of Temporal's word that nobody took the task */
export async function byAgent<T>(place: Place | undefined, what: string, work: () => Promise<T>): Promise<T> {
  if (place === undefined) return work()
  try { return await work() } catch (error) {
    if (!wasNotTaken(error)) throw error
    throw failure('TARGET_UNREACHABLE', `the agent did not take ${what} within ${Math.round(place.scheduleToStartTimeout / 1000)} s`)
  }
}

const wasNotTaken = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START'
