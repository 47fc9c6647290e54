import { readFileSync } from 'node:fs'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { createDecisionActivities } from './activities/decisions.js'
import { createFleetActivities } from './activities/fleet/index.js'
import { createTargetProbe } from './activities/fleet/probe.js'
import { createJournalActivities } from './activities/journal.js'
import { createJudgeActivities } from './activities/judge/judge.js'
import { createKindRunners } from './activities/kinds/index.js'
import { createLockActivities } from './activities/lock.js'
import { InstallationChannels } from './activities/notices/installation.js'
import { createPluginActivities } from './activities/plugins.js'
import { createRolloutActivities } from './activities/rollout/index.js'
import { createKindActivities } from './activities/run-kind.js'
import { createTargetPlaces } from './activities/target-places.js'
import { createWindowActivities } from './activities/window.js'
import { InstallationKey } from './config/key.js'
import { allowedEnvironment, readSettings, type Settings } from './config/settings.js'
import { KubernetesCluster } from './drivers/clusters/kubernetes.js'
import { DockerEngine } from './drivers/containers/docker.js'
import { ConfluenceDocuments } from './drivers/documents/confluence.js'
import { LocalHost } from './drivers/hosts/local.js'
import { SshHost } from './drivers/hosts/ssh/host.js'
import { SshPool } from './drivers/hosts/ssh/pool.js'
import { HttpMetrics } from './drivers/metrics/http.js'
import { Channels } from './drivers/notices/channels.js'
import { createSecretResolver } from './drivers/secrets/resolver.js'
import type { ClusterAccess, ClusterPort } from './drivers/clusters/port.js'
import { clusterGateways } from './drivers/traffic/cluster/gateway-types.js'
import { EdgeTraffic } from './drivers/traffic/edge.js'
import { GATEWAY_TYPES } from './drivers/traffic/gateways.js'
import { readGateways } from './drivers/traffic/read-gateways.js'
import { workflowBundle } from './embedded/workflow-bundle.js'
import { InstalledPlugins } from './plugins/installed.js'
import { BundleStore } from './store/bundles.js'
import { connect } from './store/database.js'
import { LogStore } from './store/logs.js'
import { ReleaseSecretStore } from './store/release-secrets.js'
import { TargetStore } from './store/targets.js'
import { SnapshotStore } from './store/snapshots.js'
import { TargetRunStore } from './store/target-runs.js'

/** What a worker does to the outside: the drivers, wired into the activities. */
function activities(settings: Settings, client: Client): object {
  const key = InstallationKey.read(settings.RELEASECTL_KEY_FILE)
  const database = connect(settings.DATABASE_URL)
  const openCluster = (access: ClusterAccess): ClusterPort => KubernetesCluster.open(access, settings.KUBECONFIG)
  const own = new LocalHost({ home: settings.RELEASECTL_HOME })
  const gateways = {
    edge: new EdgeTraffic({ url: settings.EDGE_CONTROL_URL, token: settings.EDGE_TOKEN_FILE === undefined ? '' : readFileSync(settings.EDGE_TOKEN_FILE, 'utf8').trim() }),
    ...readGateways(settings.RELEASECTL_GATEWAYS, { ...GATEWAY_TYPES, ...clusterGateways(openCluster) }),
  }
  const channels = InstallationChannels.read(settings.RELEASECTL_NOTIFICATIONS)
  for (const warning of channels.warnings) console.warn(warning)
  const resolveSecret = createSecretResolver({
    env: allowedEnvironment(settings), key, releaseSecrets: new ReleaseSecretStore(database, key), files: settings.RELEASECTL_SECRET_FILES ?? null,
  })
  const targets = new TargetStore(database)
  const ssh = new SshPool()
  const places = createTargetPlaces({
    own: { host: own, engine: settings.DOCKER_HOST }, connectHost: (host) => new SshHost(ssh, host), connectEngine: (engine) => new DockerEngine(engine), openCluster,
    findConfig: (tenant, id) => targets.findConfig(tenant, id), resolveSecret,
  })
  const snapshots = { key, snapshots: new SnapshotStore(database) }
  return {
    ...createJournalActivities({ database }),
    ...createLockActivities({ client, taskQueue: settings.RELEASECTL_TASK_QUEUE }),
    ...createDecisionActivities({ key }),
    ...createWindowActivities(),
    ...createFleetActivities({ targets, runs: new TargetRunStore(database), probe: createTargetProbe(targets) }),
    ...createJudgeActivities({ gateways, metrics: new HttpMetrics(), prometheusUrl: settings.PROMETHEUS_URL ?? null, resolveSecret }),
    ...createRolloutActivities({ places, gateways, resolveSecret, logs: new LogStore(database), ...snapshots }),
    ...createPluginActivities({ plugins: new InstalledPlugins(settings.RELEASECTL_HOME), places, resolveSecret, logs: new LogStore(database), bundles: new BundleStore(database, key), ...snapshots }),
    ...createKindActivities({
      runners: createKindRunners({ notices: new Channels(), channels, documents: new ConfluenceDocuments(), site: () => confluenceOf(settings), kubeconfig: settings.KUBECONFIG, client, taskQueue: settings.RELEASECTL_TASK_QUEUE }), places,
      resolveSecret, logs: new LogStore(database), bundles: new BundleStore(database, key), ...snapshots,
    }),
  }
}

/** Its token is read each time: it may be changed while the worker runs. */
const confluenceOf = ({ CONFLUENCE_URL: url, CONFLUENCE_USER: user, CONFLUENCE_TOKEN_FILE: file }: Settings): { url: string; user: string | null; token: string } | null =>
  url === undefined || file === undefined ? null : { url, user: user ?? null, token: readFileSync(file, 'utf8').trim() }

const settings = readSettings()
Runtime.install({ logger: new DefaultLogger(settings.LOG_LEVEL === 'debug' ? 'DEBUG' : 'WARN', ({ level, message, meta }) => { console.log(JSON.stringify({ at: new Date().toISOString(), level, message, ...meta })) }) })
const connectionOptions = { address: settings.TEMPORAL_ADDRESS, ...(settings.TEMPORAL_API_KEY !== undefined && { apiKey: settings.TEMPORAL_API_KEY }), ...(settings.TEMPORAL_TLS && { tls: true as const }) }
const { TEMPORAL_NAMESPACE: namespace, RELEASECTL_TASK_QUEUE: taskQueue } = settings
const client = new Client({ connection: Connection.lazy(connectionOptions), namespace })

const options: WorkerOptions = {
  connection: await NativeConnection.connect(connectionOptions), namespace, taskQueue,
  workflowBundle: await workflowBundle(),
  activities: activities(settings, client),
  maxCachedWorkflows: 600, // most releases wait; one in the cache takes about 0.8 MiB
  // A killed worker's releases go on elsewhere after this long (temporal.md: 10 s is the default).
  stickyQueueScheduleToStartTimeout: '1s',
  shutdownGraceTime: '20s',
  maxHeartbeatThrottleInterval: '2s',
  defaultHeartbeatThrottleInterval: '2s',
}
const worker = await Worker.create(options)
await worker.run()
process.exit(0)
