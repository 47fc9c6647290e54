import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { freemem, loadavg, totalmem, uptime } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createEngines } from './activities/engines.js'
import { createKindRunners } from './activities/kinds/index.js'
import { InstallationChannels } from './activities/notices/installation.js'
import { forOwnTarget } from './activities/own-target.js'
import { placesOn } from './activities/places.js'
import { createKindActivities } from './activities/run-kind.js'
import type { JsonObject } from './domain/json.js'
import { KubernetesCluster } from './drivers/clusters/kubernetes.js'
import { DockerEngine } from './drivers/containers/docker.js'
import { ConfluenceDocuments } from './drivers/documents/confluence.js'
import { LocalHost } from './drivers/hosts/local.js'
import { InstallationApi } from './drivers/installation/api.js'
import { Channels } from './drivers/notices/channels.js'

// The agent of one target (`releasectl agent`): it runs the jobs of its target on the machine it runs on. It calls out to
// Temporal and to the API, and listens nowhere. It has no database and no key.
const BEAT_MS = 10_000
const TRY_AGAIN_MS = 2000
const { values: given } = parseArgs({ options: { target: { type: 'string' }, server: { type: 'string' }, token: { type: 'string' }, temporal: { type: 'string' }, home: { type: 'string' } } })
const { target, server, token, home = '.releasectl' } = given
if (target === undefined || server === undefined || token === undefined) throw new Error('agent.ts --target NAME --server URL --token FILE [--temporal ADDRESS] [--home FOLDER]')

const api = new InstallationApi({ url: server, token: readFileSync(token, 'utf8').trim() })
const say = (level: string, message: string, meta: object = {}): void => { console.log(JSON.stringify({ at: new Date().toISOString(), level, message, ...meta })) }
const version = (JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string }).version

/** An API that is away for a while keeps no agent from its work; one that says no does. */
async function whoAmI(): ReturnType<InstallationApi['self']> {
  for (;;) {
    try { return await api.self() } catch (error) {
      if ((error as { nonRetryable?: boolean }).nonRetryable === true) throw error
      say('warn', (error as Error).message)
      await delay(TRY_AGAIN_MS)
    }
  }
}

async function load(): Promise<JsonObject> {
  const disk = await statfs(home).catch(() => statfs('.'))
  return { average: loadavg(), memory: { free: freemem(), total: totalmem() }, disk: { free: disk.bavail * disk.bsize, total: disk.blocks * disk.bsize }, uptime: Math.round(uptime()) }
}

async function beat(worker: Worker): Promise<void> {
  for (;;) {
    const health = { state: worker.getState(), jobs: worker.getStatus().numInFlightActivities }
    await api.beat({ health, load: await load(), versions: { releasectl: version, node: process.versions.node } }).catch((error: unknown) => { say('warn', (error as Error).message) })
    await delay(BEAT_MS)
  }
}

Runtime.install({ logger: new DefaultLogger('WARN', ({ level, message, meta }) => { say(level, message, meta) }) })
const self = await whoAmI()
if (self.name !== target) throw new Error(`the token is of target ${self.name}, not ${target}`)
const temporal = {
  address: given.temporal ?? self.temporal.address,
  ...(process.env['TEMPORAL_API_KEY'] !== undefined && { apiKey: process.env['TEMPORAL_API_KEY'] }), ...(process.env['TEMPORAL_TLS'] === 'true' && { tls: true as const }),
}
const { namespace, taskQueue, workerQueue } = self.temporal
const client = new Client({ connection: Connection.lazy(temporal), namespace })
const engines = createEngines({ connect: (engine) => new DockerEngine(engine), own: process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock', resolveSecret: api.resolveSecret })
const worker = await Worker.create({
  connection: await NativeConnection.connect(temporal), namespace, taskQueue, identity: `agent ${self.name} ${process.pid}`,
  activities: forOwnTarget(self, createKindActivities({
    runners: createKindRunners({ notices: new Channels(), channels: InstallationChannels.read(undefined), documents: new ConfluenceDocuments(), site: () => null, kubeconfig: process.env['KUBECONFIG'], client, taskQueue: workerQueue }),
    places: placesOn(new LocalHost({ home }), (access) => KubernetesCluster.open(access, process.env['KUBECONFIG']), engines),
    resolveSecret: api.resolveSecret, logs: api.logs, bundles: api.bundles, key: api.key, snapshots: api.snapshots,
  })),
  // As in worker.ts: cancelling comes with the answer to a heartbeat.
  shutdownGraceTime: '20s', maxHeartbeatThrottleInterval: '2s', defaultHeartbeatThrottleInterval: '2s',
})
say('info', `agent of ${self.name} takes work from ${taskQueue}`)
const running = worker.run()
void beat(worker)
await running
process.exit(0)
