// A stage's jobs on targets that are real: two Docker engines, one reached over SSH, and two Kubernetes clusters.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { createTargetPlaces } from '../../activities/target-places.js'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import type { TargetRef } from '../../domain/target.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { CHART } from '../activities/helm-chart.js'
import { containerCall } from '../activities/container-world.js'
import { callOf, kindWorld, SECRETS } from '../activities/kind-world.js'
import { openCluster, realNodes, sharedCluster } from '../support/cluster.js'
import { withTools } from '../support/tools.js'
import { dockerComponent } from './containers-world.js'

const configs: Record<string, JsonObject> = {}
const images: Record<string, string> = {}
const kubeconfigs: Record<string, string> = {}
const engines: Record<string, DockerEngine> = {}
let PATH = ''
beforeAll(async () => {
  const [shared, alone] = [await dockerComponent(), await dockerComponent({ ports: [], settings: { TESTBED_DOCKER_ALONE: '1' } })]
  const sshFile = async (name: string): Promise<string> => readFile(join(shared.folder, 'docker/ssh', name), 'utf8')
  SECRETS['file:/ssh'] = await sshFile('id_ed25519')
  configs['d1'] = { docker: { host: `ssh://root@127.0.0.1:${shared.port['TESTBED_DOCKER_SSH_PORT']}${shared.socket}`, ssh: { key: { from: 'file:/ssh' }, knownHosts: await sshFile('known_hosts'), agent: false } } }
  configs['d2'] = { docker: { host: `unix://${alone.socket}` } }
  for (const [name, engine] of [['d1', shared], ['d2', alone]] as const) {
    await engine.sample('app:v1')
    images[name] = `${engine.registry}/app:v1`
    engines[name] = new DockerEngine({ host: `unix://${engine.socket}` })
  }
  kubeconfigs['k1'] = await sharedCluster()
  kubeconfigs['k2'] = (await realNodes()).kubeconfigFile
  for (const name of ['k1', 'k2']) {
    SECRETS[`file:/${name}`] = await readFile(kubeconfigs[name] ?? '', 'utf8')
    configs[name] = { kubernetes: { kubeconfig: { from: `file:/${name}` } } }
  }
  PATH = await withTools('kubernetes')
}, 300_000)

const world = async () => kindWorld({}, {
  files: CHART,
  places: (own) => createTargetPlaces({
    own: { host: own, engine: 'unix:///nowhere.sock' }, connectHost: () => { throw new Error('no host') }, connectEngine: (connection) => new DockerEngine(connection), openCluster: (access) => KubernetesCluster.open(access),
    findConfig: async (_tenant, id) => configs[id] === undefined ? null : { config: configs[id] }, resolveSecret: async (reference) => SECRETS[reference] ?? Promise.reject(new Error(`no secret ${reference}`)),
  }),
})
const on = (call: JobCall, name: string, type: TargetRef['type']): JobCall => ({ ...call, target: { id: name, name, type, via: 'direct', host: null, labels: {}, priority: 0 } })

test('a container job runs on the engine of each target, and is taken back there', async () => {
  const { execute, rollback, snapshot } = await world()
  for (const name of ['d1', 'd2']) {
    const call = on(containerCall('2.0.0', { service: 'on-targets', image: images[name] ?? '', health: { stableFor: '0s' } }), name, 'docker')
    const of = { 'releasectl.release': call.release.releaseId }
    const before = await snapshot(call)
    await execute({ ...call, before })
    const there = await Promise.all(['d1', 'd2'].map(async (engine) => (await engines[engine]?.list(of) ?? []).length))
    expect(there).toEqual(name === 'd1' ? [1, 0] : [0, 1])
    await rollback({ call, snapshot: before })
    expect((await engines[name]?.list(of) ?? []).filter(({ status }) => status === 'running')).toEqual([])
  }
})

test('kubernetes and helm jobs act on the cluster of each target by its own kubeconfig', async () => {
  const { execute, rollback, snapshot, preview } = await world()
  const name = `on-targets-${process.pid}`
  const applied = { kubectl: 'kubectl', force: false, wait: false, stuckAfter: '1s', stableFor: '0s', manifests: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: default }\n` }
  const installed = { release: name, chart: './chart', namespace: 'default', createNamespace: false, values: {}, valuesFiles: [], wait: false, waitFor: '60s', stuckAfter: '10m', environment: { PATH } }
  const has = async (what: string): Promise<boolean[]> => Promise.all(['k1', 'k2'].map(async (cluster) => await openCluster(kubeconfigs[cluster] ?? '').get({ apiVersion: 'v1', kind: 'ConfigMap', name: what, namespace: 'default' }) !== null))
  for (const [kind, config, what] of [['kubernetes', applied, name], ['helm', installed, `${name}-text`]] as const) {
    for (const target of ['k1', 'k2']) {
      const call = on(callOf(kind, config), target, 'kubernetes')
      expect((await preview(call)).some(({ action }) => action === 'create')).toBe(true)
      const before = await snapshot(call)
      await execute(call)
      expect(await has(what), `${kind} on ${target}`).toEqual([target === 'k1', target === 'k2'])
      await rollback({ call, snapshot: before })
      expect(await has(what)).toEqual([false, false])
    }
  }
})
