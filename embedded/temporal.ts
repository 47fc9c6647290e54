import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import proto from '@temporalio/proto'
import type { Command } from './command.js'

/** The attributes releases are found by in Temporal's Web UI. One that is not registered blocks a workflow task for ever. */
export const SEARCH_ATTRIBUTES = ['ReleaseTenant', 'ReleaseProject', 'ReleaseEnvironment', 'ReleaseVersion', 'ReleaseStatus']

const { IndexedValueType, TaskQueueType } = proto.temporal.api.enums.v1
const ALREADY_EXISTS = 6 // gRPC status
const RETENTION_DAYS = 30

export interface TemporalServer { binary: string, file: string, port: number, uiPort: number }

/**
 * Temporal's development server on one SQLite file. WAL makes a commit one append; `synchronous=full` keeps what was
 * answered when the power goes, not only when the process is killed. One shard polled 20 times a second costs
 * 50 ms a step, so it is polled 200 times.
 */
export function temporalCommand({ binary, file, port, uiPort }: TemporalServer): Command {
  return { file: binary, environment: {}, args: ['server', 'start-dev',
    '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--db-filename', file,
    '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=full',
    '--dynamic-config-value', 'history.transferProcessorMaxPollRPS=200',
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    '--log-level', 'warn'] }
}

/** Ask something of a Temporal server, and hang up. */
export async function withTemporal<T>(address: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: 2000 })
  try { return await connection.withDeadline(Date.now() + 5000, () => ask(connection)) } finally { await connection.close() }
}

/** Whether the server answers for the namespace, and keeps ended workflows for 30 days rather than one. */
export async function temporalIsReady(address: string, namespace: string): Promise<boolean> {
  return withTemporal(address, async ({ workflowService }) => {
    await workflowService.describeNamespace({ namespace })
    await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(RETENTION_DAYS * 86_400_000) } })
    return true
  })
}

/** Register what releases are found by at a server that was not started here. Twice is harmless. */
export async function registerSearchAttributes(address: string, namespace: string): Promise<void> {
  await withTemporal(address, async ({ operatorService }) => {
    for (const name of SEARCH_ATTRIBUTES) {
      await operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD } })
        .catch((error: unknown) => { if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error })
    }
  })
}

/** Whether the worker with this process id asks for the queue's work: its identity begins with the id, as the SDK's does. */
export async function hasPoller(address: string, namespace: string, queue: string, pid: number): Promise<boolean> {
  return withTemporal(address, async ({ workflowService }) => {
    const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW })
    return pollers.some(({ identity }) => identity?.startsWith(`${pid}@`))
  })
}
