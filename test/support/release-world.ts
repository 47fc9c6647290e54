// Releases on the time-skipping server: days pass in a moment. What races, or is stopped while it acts, belongs on real-world.ts.
import { temporal } from '@temporalio/proto'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { testServerBinary } from '../../embedded/tools.js'
import { workflowBundle } from '../../embedded/workflow-bundle.js'
import { activitiesOf, ReleaseWorld } from './far-side.js'

export type { ReleaseWorld } from './far-side.js'

Runtime.install({ logger: new DefaultLogger('WARN') })
export const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: testServerBinary() } } })
await env.connection.operatorService.addSearchAttributes({ namespace: env.namespace ?? 'default', searchAttributes: { ReleaseStatus: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD } })

// One worker for all worlds of a file: one that is stopped with a task in its hands keeps the server from skipping time.
export const TASK_QUEUE = 'releases'
const place = { client: env.client, taskQueue: TASK_QUEUE, sleep: (ms: number) => env.sleep(ms) }
let current = new ReleaseWorld(place)
const worker = await Worker.create({ connection: env.nativeConnection, taskQueue: TASK_QUEUE, workflowBundle: await workflowBundle(), activities: activitiesOf(() => current) })
const stopped = worker.run()

/** A new far side; activities of earlier tests have ended by then. */
export function newWorld(): ReleaseWorld {
  current = new ReleaseWorld(place)
  return current
}

export async function closeWorlds(): Promise<void> {
  worker.shutdown()
  await stopped
  await env.teardown()
}
