import { allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow'
import { isCommand } from '../domain/decision.js'
import { failure } from '../domain/failures.js'
import { mustBeFailure } from './failing.js'
import { LockQueue, type LockState, type Notice } from './lock-queue.js'
import { acquireUpdate, environmentQuery, freezeUpdate, lockGrantedSignal, releaseLockSignal, supersededSignal, unfreezeUpdate } from './messages.js'
import { isWorkflowOpen } from './proxies.js'

const IDLE_MS = 3_600_000

/**
 * The lock and freeze of one key: a fair queue, one holder, a lease.
 * A holder that was killed is found out when its lease's term is over and somebody waits; it costs nothing while nobody does.
 */
export async function environmentWorkflow(input: { key: string; state: LockState | null }): Promise<void> {
  const queue = new LockQueue(input.key, input.state)
  setHandler(acquireUpdate, (request) => queue.acquire(request), { description: 'Ask for the lock' })
  setHandler(releaseLockSignal, ({ releaseId }) => queue.giveBack(releaseId))
  setHandler(freezeUpdate, (freeze) => queue.freeze(freeze), { validator: mustBeFreeze, description: 'Let no release start until it is lifted' })
  setHandler(unfreezeUpdate, () => queue.unfreeze(), { description: 'Lift the freeze' })
  setHandler(environmentQuery, () => queue.view())

  for (;;) {
    const fromMs = Date.now()
    const lookMs = queue.nextLookMs(fromMs, IDLE_MS)
    const isSooner = (): boolean => queue.nextLookMs(fromMs, IDLE_MS) < lookMs // somebody waits now, or a freeze has an end
    const woken = await condition(() => queue.hasNotices || isSooner() || workflowInfo().continueAsNewSuggested, lookMs)
    for (const notice of queue.takeNotices()) if (!await tell(notice)) queue.giveBack(notice.releaseId)
    const doubtful = queue.holderToCheck(Date.now())
    if (doubtful !== null) queue.checked(doubtful.releaseId, await isWorkflowOpen({ workflowId: doubtful.workflowId }), Date.now())
    queue.thaw(Date.now())
    if (!woken && queue.isIdle) break
    if (workflowInfo().continueAsNewSuggested && !queue.hasNotices) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof environmentWorkflow>({ key: input.key, state: queue.save() })
    }
  }
  await condition(allHandlersFinished)
}

function mustBeFreeze(freeze: unknown): void {
  const until = isCommand(freeze) ? freeze['until'] : undefined
  if (until !== null && (typeof until !== 'string' || Number.isNaN(Date.parse(until)))) throw failure('REQUEST_INVALID', 'a freeze is { by, reason, until }: a moment in ISO 8601, or null')
}

/** False: that release is gone. */
async function tell({ workflowId, what, token, by }: Notice): Promise<boolean> {
  const release = getExternalWorkflowHandle(workflowId)
  try {
    await (what === 'granted' ? release.signal(lockGrantedSignal, { token }) : release.signal(supersededSignal, { by }))
    return true
  } catch (error) {
    mustBeFailure(error)
    return false
  }
}
