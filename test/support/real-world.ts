import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { workflowBundle } from '../../embedded/workflow-bundle.js'
import { activitiesOf, ReleaseWorld } from './far-side.js'

/** Of all who write into a history here: a history that is committed names no machine. */
const IDENTITY = 'releasectl-test'

export interface RealWorlds { client: Client; taskQueue: string; newWorld(): ReleaseWorld; close(): Promise<void> }

/** Releases on a real server, in real time. */
export async function realWorlds({ address, namespace }: { address: string; namespace: string }, taskQueue = `test-${randomUUID()}`): Promise<RealWorlds> {
  Runtime.install({ logger: new DefaultLogger('WARN') })
  const [connection, native] = [await Connection.connect({ address }), await NativeConnection.connect({ address })]
  const client = new Client({ connection, namespace, identity: IDENTITY })
  const place = { client, taskQueue, sleep: async (ms: number) => { await sleep(Math.min(ms, 50)) } }
  let current = new ReleaseWorld(place)
  const worker = await Worker.create({
    connection: native, namespace, taskQueue, identity: IDENTITY, workflowBundle: await workflowBundle(), activities: activitiesOf(() => current),
    maxHeartbeatThrottleInterval: '100ms', defaultHeartbeatThrottleInterval: '100ms',
  })
  const stopped = worker.run()
  return {
    client, taskQueue,
    newWorld: () => current = new ReleaseWorld(place),
    close: async () => {
      worker.shutdown()
      await stopped
      await native.close()
      await connection.close()
    },
  }
}
