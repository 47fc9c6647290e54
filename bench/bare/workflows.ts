import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow'
import type { JobCall, JobResult } from '../../activities/contract.js'

// What one would write by hand with the bare SDK: no plan, lock, journal, undo, view or approval rules. It is what releases are held against.
const { 'script.execute': execute } = proxyActivities<{ 'script.execute': (call: JobCall) => Promise<JobResult> }>({ startToCloseTimeout: '10m', heartbeatTimeout: '10s' })

export const bareApprove = defineUpdate<string>('approve')

/** The same activity, one after the other. */
export async function bareSteps({ call, steps }: { call: JobCall; steps: number }): Promise<void> {
  for (let step = 0; step < steps; step += 1) await execute(call)
}

/** The same activity, once somebody has said yes. */
export async function bareApproval({ call }: { call: JobCall }): Promise<void> {
  let approved = false
  setHandler(bareApprove, () => { approved = true; return 'approved' })
  await condition(() => approved, '72h')
  await execute(call)
}
