import { proxyActivities } from '@temporalio/workflow'
import type { ActivityFunction } from '@temporalio/common'

/** One activity on an agent's task queue, with the rules of workflows/proxies.ts. */
export async function onAgent({ taskQueue, type, input }: { taskQueue: string; type: string; input: unknown }): Promise<unknown> {
  const activities = proxyActivities<Record<string, ActivityFunction>>({
    taskQueue, startToCloseTimeout: '5m', heartbeatTimeout: '6s', cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { initialInterval: '1s', maximumInterval: '5s', maximumAttempts: 60 },
  })
  return activities[type]?.(input)
}
