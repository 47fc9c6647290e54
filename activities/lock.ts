import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client'
import { environmentWorkflowId } from '../domain/release.js'
import { acquireUpdate, releaseLockSignal } from '../workflows/messages.js'
import type { CoreActivities, LockAnswer, LockRequest } from './contract.js'

type EnvironmentWorkflow = (input: { key: string; state: null }) => Promise<void>

/** The lock lives in `environmentWorkflow`, one a key, started by whoever asks first. */
export const createLockActivities = ({ client, taskQueue }: { client: Client; taskQueue: string }): Pick<CoreActivities, 'acquireLock' | 'isWorkflowOpen'> => {
  async function ask(request: LockRequest): Promise<LockAnswer> {
    const key = request.concurrency.key
    return client.workflow.executeUpdateWithStart(acquireUpdate, {
      args: [request],
      startWorkflowOperation: new WithStartWorkflowOperation<EnvironmentWorkflow>('environmentWorkflow', {
        workflowId: environmentWorkflowId(request.tenant, key), taskQueue, args: [{ key, state: null }], workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `lock of ${key}`,
      }),
    })
  }

  async function isWorkflowOpen({ workflowId }: { workflowId: string }): Promise<boolean> {
    try { return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING' } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw error
    }
  }

  return {
    isWorkflowOpen,
    /** A refusal by a holder that was killed does not count: its lock is given back and asked for again. */
    async acquireLock(request) {
      const answer = await ask(request)
      if (answer.state !== 'refused' || answer.workflowId === null || await isWorkflowOpen({ workflowId: answer.workflowId })) return answer
      await client.workflow.getHandle(environmentWorkflowId(request.tenant, request.concurrency.key)).signal(releaseLockSignal, { releaseId: answer.holder })
      return ask(request)
    },
  }
}
