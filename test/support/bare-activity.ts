// A double for MockActivityEnvironment, which loads the whole worker: seconds of processor time in every process that is to be killed.
import { asyncLocalStorage, Context, type Info } from '@temporalio/activity'
import { noopMetricMeter, type Logger } from '@temporalio/common'

export type ActivityFacts = Partial<Pick<Info, 'attempt' | 'activityId' | 'heartbeatTimeoutMs' | 'startToCloseTimeoutMs'>>

/** Run an activity in a context that nobody cancels and whose heartbeats nobody hears. */
export async function inActivity<Result>(facts: ActivityFacts, work: () => Promise<Result>): Promise<Result> {
  const info = { attempt: 1, activityId: '1', workflowExecution: { workflowId: 'test', runId: '00000000-0000-0000-0000-000000000000' }, heartbeatTimeoutMs: 6000, startToCloseTimeoutMs: 90_000, scheduledTimestampMs: 1, ...facts } as Info
  const context = new Context(info, new Promise<never>(() => undefined), new AbortController().signal, () => undefined, undefined, SILENT, noopMetricMeter, {})
  return asyncLocalStorage.run(context, work)
}

const none = (): void => undefined
const SILENT: Logger = { log: none, trace: none, debug: none, info: none, warn: none, error: none }
