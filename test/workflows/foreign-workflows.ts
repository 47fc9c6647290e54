import { ApplicationFailure, CancellationScope, condition, defineSignal, isCancellation, setHandler, sleep } from '@temporalio/workflow'

/** Workflows of somebody else's, for jobs of kind `workflow`. */
export async function double({ n }: { n: number }): Promise<{ twice: number }> { return { twice: n * 2 } }
export async function words(): Promise<string> { return 'done' }
export async function fails(): Promise<void> { throw ApplicationFailure.nonRetryable('the stock is empty') }
/** Runs until it is cancelled, and tidies up first. */
export async function forever(): Promise<void> {
  try { await condition(() => false) } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(async () => sleep(300))
    throw error
  }
}
export async function refund(account: string, undone: { workflowId: string; status: string }): Promise<{ account: string; undone: string }> { return { account, undone: `${undone.workflowId} ${undone.status}` } }
export const go = defineSignal('go')
/** Ends when it is told to. */
export async function whenTold(): Promise<string> {
  let isTold = false
  setHandler(go, () => { isTold = true })
  await condition(() => isTold)
  return 'done'
}
