// The real workflows and core activities on the world's queue; only the far side of scripts is made up.
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import type { Change } from '../../domain/change.js'
import type { JobCall, JobResult } from '../../activities/contract.js'
import { createDecisionActivities } from '../../activities/decisions.js'
import { createFleetActivities } from '../../activities/fleet/index.js'
import { createJournalActivities } from '../../activities/journal.js'
import { createLockActivities } from '../../activities/lock.js'
import { createWindowActivities } from '../../activities/window.js'
import { workflowBundle } from '../../embedded/workflow-bundle.js'
import { TargetRunStore } from '../../store/target-runs.js'
import { TargetStore } from '../../store/targets.js'
import type { ApiWorld } from './api-world.js'

Runtime.install({ logger: new DefaultLogger('ERROR') })

export class ReleaseWorker {
  /** `run <job>` and `undo <job>`, in order. */
  readonly trace: string[] = []
  readonly #worker: Worker
  readonly #done: Promise<void>
  readonly #close: () => Promise<void>

  private constructor(worker: Worker, trace: string[], close: () => Promise<void>) {
    this.#worker = worker
    this.trace = trace
    this.#close = close
    this.#done = worker.run()
  }

  static async start(world: ApiWorld, address: string): Promise<ReleaseWorker> {
    const [connection, clientConnection] = [await NativeConnection.connect({ address }), await Connection.connect({ address })]
    const { taskQueue, database, key } = world
    const trace: string[] = []
    const worker = await Worker.create({
      connection, taskQueue, workflowBundle: await workflowBundle(), shutdownGraceTime: '5s',
      activities: {
        ...createJournalActivities({ database }), ...createDecisionActivities({ key }), ...createWindowActivities(),
        ...createFleetActivities({ targets: new TargetStore(database), runs: new TargetRunStore(database), probe: async () => null }),
        ...createLockActivities({ client: new Client({ connection: clientConnection }), taskQueue }),
        'script.execute': async ({ job }: JobCall): Promise<JobResult> => { trace.push(`run ${job}`); return { outputs: {}, message: 'ran', artifacts: [] } },
        'script.preview': async ({ job }: JobCall): Promise<Change[]> => [{ what: job, action: 'run', before: null, after: null }],
        'script.rollback': async ({ call }: { call: JobCall }): Promise<void> => { trace.push(`undo ${call.job}`) },
      },
    })
    return new ReleaseWorker(worker, trace, async () => { await connection.close(); await clientConnection.close() })
  }

  async stop(): Promise<void> {
    this.#worker.shutdown()
    await this.#done
    await this.#close()
  }
}
