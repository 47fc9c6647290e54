import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Command, Decision, JobCommand, PromoteCommand, TargetCommand } from '../domain/decision.js'
import type { ApprovalView, ReleaseView, Waiting } from '../domain/release.js'
import type { LockAnswer, LockRequest } from '../activities/contract.js'

/** What a caller gets back: the state right after its word was taken. */
export interface Accepted { status: ReleaseView['status']; waiting: Waiting[] }

// releaseWorkflow. An update is refused with RELEASE_CONFLICT and the reason why not.
export const approveUpdate = defineUpdate<ApprovalView, [Decision]>('approve')
export const rejectUpdate = defineUpdate<ApprovalView, [Decision]>('reject')
export const pauseUpdate = defineUpdate<Accepted, [Command]>('pause')
export const resumeUpdate = defineUpdate<Accepted, [Command]>('resume')
export const promoteUpdate = defineUpdate<Accepted, [PromoteCommand]>('promote')
export const abortUpdate = defineUpdate<Accepted, [Command]>('abort')
export const retryUpdate = defineUpdate<Accepted, [JobCommand]>('retry')
export const rollbackUpdate = defineUpdate<Accepted, [Command]>('rollback')
export const rollbackTargetUpdate = defineUpdate<Accepted, [TargetCommand]>('rollbackTarget')
export const uninstallTargetUpdate = defineUpdate<Accepted, [TargetCommand]>('uninstallTarget')
export const retryTargetUpdate = defineUpdate<Accepted, [TargetCommand]>('retryTarget')

/** For chat bots and the Temporal Web UI: the same as the updates; a bad one is journalled, never fatal. */
export const approveSignal = defineSignal<[Decision]>('approveSignal')
export const rejectSignal = defineSignal<[Decision]>('rejectSignal')
/** From environmentWorkflow. */
export const lockGrantedSignal = defineSignal<[{ token: number }]>('lockGranted')
export const supersededSignal = defineSignal<[{ by: string }]>('superseded')

export const releaseQuery = defineQuery<ReleaseView>('release')
export const waitingQuery = defineQuery<Waiting[]>('waiting')

// environmentWorkflow
export const acquireUpdate = defineUpdate<LockAnswer, [LockRequest]>('acquire')
export const releaseLockSignal = defineSignal<[{ releaseId: string }]>('releaseLock')
export const freezeUpdate = defineUpdate<EnvironmentView, [{ reason: string; by: string; until: string | null }]>('freeze')
export const unfreezeUpdate = defineUpdate<EnvironmentView, [{ by: string }]>('unfreeze')
export const environmentQuery = defineQuery<EnvironmentView>('environment')
export interface EnvironmentView {
  key: string
  holder: { releaseId: string; token: number; since: string; leaseUntil: string } | null
  queue: { releaseId: string; since: string }[]
  freeze: { reason: string; by: string; since: string; until: string | null } | null
}
