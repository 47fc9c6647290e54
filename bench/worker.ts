import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { createDecisionActivities } from '../activities/decisions.js'
import { createFleetActivities } from '../activities/fleet/index.js'
import { createTargetProbe } from '../activities/fleet/probe.js'
import { createJournalActivities } from '../activities/journal.js'
import { placesOn } from '../activities/places.js'
import { createKindRunners } from '../activities/kinds/index.js'
import { createLockActivities } from '../activities/lock.js'
import { InstallationChannels } from '../activities/notices/installation.js'
import { createKindActivities } from '../activities/run-kind.js'
import { createWindowActivities } from '../activities/window.js'
import { InstallationKey } from '../config/key.js'
import { readSettings } from '../config/settings.js'
import { ConfluenceDocuments } from '../drivers/documents/confluence.js'
import { LocalHost } from '../drivers/hosts/local.js'
import { Channels } from '../drivers/notices/channels.js'
import { workflowBundle } from '../embedded/workflow-bundle.js'
import { BundleStore } from '../store/bundles.js'
import { connect } from '../store/database.js'
import { LogStore } from '../store/logs.js'
import { SnapshotStore } from '../store/snapshots.js'
import { TargetRunStore } from '../store/target-runs.js'
import { TargetStore } from '../store/targets.js'
import { BARE_QUEUE } from './bare/call.js'

// The worker of the benchmarks: our workflows with the real journal and lock, and bare workflows beside them, with the same
// activities and settings in one process. Only the script runner does nothing, so that what is measured is what releases cost.
const settings = readSettings()
Runtime.install({ logger: new DefaultLogger('WARN') })
const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, RELEASECTL_TASK_QUEUE: taskQueue } = settings
const client = new Client({ connection: Connection.lazy({ address }), namespace })
const key = InstallationKey.read(settings.RELEASECTL_KEY_FILE)
const database = connect(settings.DATABASE_URL)
const targets = new TargetStore(database)
const runners = createKindRunners({ notices: new Channels(), channels: InstallationChannels.read(undefined), documents: new ConfluenceDocuments(), site: () => null, kubeconfig: undefined, client, taskQueue })

const shared: Omit<WorkerOptions, 'taskQueue'> = {
  connection: await NativeConnection.connect({ address }), namespace,
  activities: {
    ...createJournalActivities({ database }), ...createLockActivities({ client, taskQueue }), ...createDecisionActivities({ key }), ...createWindowActivities(),
    ...createFleetActivities({ targets, runs: new TargetRunStore(database), probe: createTargetProbe(targets) }),
    ...createKindActivities({
      runners: { ...runners, script: { execute: async () => ({ outputs: {}, message: '', artifacts: [] }) } },
      places: placesOn(new LocalHost({ home: settings.RELEASECTL_HOME })),
      resolveSecret: async () => { throw new Error('no plan of the benchmarks has secrets') },
      logs: new LogStore(database), bundles: new BundleStore(database, key), key, snapshots: new SnapshotStore(database),
    }),
  },
  // as in worker.ts
  stickyQueueScheduleToStartTimeout: '1s', shutdownGraceTime: '20s', maxHeartbeatThrottleInterval: '2s', defaultHeartbeatThrottleInterval: '2s',
  ...process.env['BENCH_CACHE'] !== undefined && { maxCachedWorkflows: Number(process.env['BENCH_CACHE']) },
}
const bare = await Worker.create({ ...shared, taskQueue: BARE_QUEUE, workflowBundle: await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('bare/workflows.ts', import.meta.url)), logger: new DefaultLogger('WARN') }) })
const ours = await Worker.create({ ...shared, taskQueue, workflowBundle: await workflowBundle() })
await Promise.all([bare.run(), ours.run()])
process.exit(0)
