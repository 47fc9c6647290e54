import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { createTargetPlaces } from '../../activities/target-places.js'
import type { TargetRef } from '../../domain/target.js'
import type { JsonObject } from '../../domain/json.js'
import { MemoryCluster } from '../../drivers/clusters/memory.js'
import type { ClusterAccess } from '../../drivers/clusters/port.js'
import { MemoryEngine } from '../../drivers/containers/memory.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import { TargetConfig } from '../../plan/addresses.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

const KUBECONFIG = 'secret-kubeconfig-of-eu'
const MANIFEST = { kubectl: 'kubectl', force: false, wait: true, stuckAfter: '1s', stableFor: '0s', manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n' }
const aTarget = (name: string, type: TargetRef['type'], more: Partial<TargetRef> = {}): TargetRef => ({ id: name, name, type, via: 'direct', host: null, labels: {}, priority: 0, ...more })

/** Engines and clusters in memory, one for each address that was asked for. */
function targetWorld(configs: Record<string, JsonObject>) {
  const engines: EngineConnection[] = []
  const clusters = new Map<string, MemoryCluster>()
  const places = createTargetPlaces({
    own: { host: null as never, engine: 'unix:///own.sock' }, connectHost: () => null as never,
    connectEngine: (connection) => { engines.push(connection); return new MemoryEngine() },
    openCluster: (access) => {
      const cluster = clusters.get(JSON.stringify(access)) ?? new MemoryCluster()
      clusters.set(JSON.stringify(access), cluster)
      return cluster
    },
    findConfig: async (_tenant, id) => configs[id] === undefined ? null : { config: Value.Default(TargetConfig, structuredClone(configs[id])) as JsonObject },
    resolveSecret: async (reference) => SECRETS[reference] ?? `secret of ${reference}`,
  })
  const learnt: string[] = []
  const of = (target: TargetRef | null) => ({ release: callOf('container', {}).release, target, learn: (secret: string) => { learnt.push(secret) } })
  return { places, engines, learnt, of, opened: () => [...clusters.keys()].map((key) => JSON.parse(key) as ClusterAccess), cluster: (access: ClusterAccess) => clusters.get(JSON.stringify(access)) }
}

test('containers go to the engine of their target: the one its record names, or the one on the machine, by its own login', async () => {
  const { places, engines, learnt, of } = targetWorld({
    d1: { docker: { host: 'tcp://d1:2376', tls: { ca: 'ca', cert: 'cert', key: { from: 'file:/d1' } } } }, d2: { docker: { host: 'ssh://deploy@d2:2222', ssh: { key: 'key of d2' } } },
    m1: { ssh: { host: '::1', user: 'deploy', sudo: true, key: { from: 'file:/m1' }, hostKey: 'SHA256:x' } }, m2: { ssh: { host: 'm2' }, docker: { host: 'tcp://m2:2375' } },
  })
  for (const target of [aTarget('d1', 'docker'), aTarget('d2', 'docker'), aTarget('m1', 'host'), aTarget('m2', 'host'), aTarget('a1', 'docker', { via: 'agent' })]) await places.engine(of(target))
  await places.engine(of(aTarget('d1', 'docker')), { host: 'tcp://of-the-job:2375' })
  expect(engines).toEqual([
    { host: 'tcp://d1:2376', tls: { ca: 'ca', cert: 'cert', key: 'secret of file:/d1' } }, { host: 'ssh://deploy@d2:2222', ssh: { agent: false, key: 'key of d2' } },
    { host: 'ssh://[::1]', ssh: { host: '::1', port: 22, user: 'deploy', agent: false, key: 'secret of file:/m1', hostKey: 'SHA256:x' } }, { host: 'tcp://m2:2375' }, { host: 'unix:///own.sock' }, { host: 'tcp://of-the-job:2375' },
  ])
  expect(learnt).toEqual(['ca', 'cert', 'secret of file:/d1', 'key of d2', 'secret of file:/m1'])
})

test('clusters are those of the targets; a job that names one goes there, a job that says more of it adds to it', async () => {
  const { places, opened, learnt, of } = targetWorld({ k1: { kubernetes: { kubeconfig: { from: 'env:EU' }, context: 'eu', namespace: 'shop' } }, k2: { kubernetes: { context: 'us' } } })
  const [k1, k2] = [aTarget('k1', 'kubernetes'), aTarget('k2', 'kubernetes')]
  await places.cluster(of(k1))
  await places.cluster(of(k2))
  await places.cluster(of(k1), { namespace: 'other' })
  await places.cluster(of(k1), { kubeconfigFile: '/etc/kube/prod' })
  await places.cluster(of(aTarget('a1', 'kubernetes', { via: 'agent' })))
  await places.cluster(of(null))
  const eu = { kubeconfig: 'secret of env:EU', context: 'eu' }
  expect(opened()).toEqual([{ ...eu, namespace: 'shop' }, { context: 'us' }, { ...eu, namespace: 'other' }, { kubeconfigFile: '/etc/kube/prod' }, {}])
  expect(await places.access(of(k1))).toEqual({ ...eu, namespace: 'shop' })
  expect(learnt).toContain('secret of env:EU')
})

test.each([
  ['engine', 'd1', 'docker', {}, 'target d1 does not say where its engine is: its config has no docker'], ['engine', 'k1', 'kubernetes', { kubernetes: {} }, 'target k1 has no container engine: it is kubernetes, and its config has no docker'],
  ['engine', 'm1', 'host', { ssh: { host: 'm1', bastion: { host: 'b' } } }, 'target m1: its engine is not reached through a bastion; name it in its config (docker)'], ['engine', 'gone', 'docker', null, 'target gone is not there any more'],
  ['access', 'k1', 'kubernetes', {}, 'target k1 does not say which cluster it is: its config has no kubernetes'], ['access', 'm1', 'host', { ssh: { host: 'm1' } }, 'target m1 has no cluster: it is host, and its config has no kubernetes'],
] as const)('no job falls back on another %s than its target\'s: %s, a %s target', async (place, name, type, config, message) => {
  const { places, of, engines } = targetWorld(config === null ? {} : { [name]: config })
  await expect(places[place](of(aTarget(name, type)))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message })
  expect(engines).toEqual([])
})

test('a job of a target acts on its cluster, and what it takes to get there is in no failure and no log', async () => {
  SECRETS['env:EU'] = KUBECONFIG
  const there = targetWorld({ k1: { kubernetes: { kubeconfig: { from: 'env:EU' } } } })
  const world = await kindWorld({}, { places: () => there.places })
  expect((await world.execute(callOf('kubernetes', MANIFEST, { target: aTarget('k1', 'kubernetes') }))).outputs).toMatchObject({ created: 1 })
  const cluster = there.cluster({ kubeconfig: KUBECONFIG })
  expect(await cluster?.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'settings' })).not.toBeNull()
  if (cluster) cluster.unreachableBecause = `it knows no ${KUBECONFIG}`
  await expect(world.execute(callOf('kubernetes', MANIFEST, { target: aTarget('k1', 'kubernetes') }))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: 'cluster memory: it knows no ***' })
})
