import { allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow'
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
  setHandler(freezeUpdate, (freeze) => queue.freeze(freeze), { description: 'Let no release start until it is lifted' })
  setHandler(unfreezeUpdate, () => queue.unfreeze(), { description: 'Lift the freeze' })
  setHandler(environmentQuery, () => queue.view())

  for (;;) {
    const woken = await condition(() => queue.hasNotices || workflowInfo().continueAsNewSuggested, queue.nextLookMs(Date.now(), IDLE_MS))
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
