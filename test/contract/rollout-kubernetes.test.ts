import { randomBytes } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { beforeAll, expect, test } from 'vitest'
import type { JobCall, RolloutActivities, UndoCall } from '../../activities/contract.js'
import { placesOn } from '../../activities/places.js'
import { createRolloutActivities } from '../../activities/rollout/index.js'
import { versionName } from '../../activities/rollout/kubernetes/objects.js'
import { InstallationKey } from '../../config/key.js'
import type { JsonObject } from '../../domain/json.js'
import { MemoryTraffic } from '../../drivers/traffic/memory.js'
import { callOf } from '../activities/kind-world.js'
import { newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { must } from './cluster-routes.js'

let kubeconfigFile: string
beforeAll(async () => { kubeconfigFile = await sharedCluster() }, 600_000)

/** The rollout's own activities on a real API server; the gateway carries no traffic, or is the replicas themselves. */
async function clusterWorld() {
  const namespace = await newNamespace(openCluster(kubeconfigFile))
  const cluster = openCluster(kubeconfigFile, namespace)
  const traffic = new MemoryTraffic()
  const noHost = { run: undefined } as never
  const activities = createRolloutActivities({
    places: placesOn(noHost, () => cluster), gateways: { edge: traffic }, key: new InstallationKey(randomBytes(32)), resolveSecret: async () => '',
    snapshots: { save: async () => 'd', find: async () => null },
  })
  const run = async <Name extends keyof typeof activities>(name: Name, input: Parameters<RolloutActivities[Name]>[0]): Promise<Awaited<ReturnType<RolloutActivities[Name]>>> => {
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000, heartbeatTimeoutMs: 5000 }, { logger: new DefaultLogger('ERROR') })
    const result: unknown = await environment.run(activities[name] as unknown as (given: unknown) => Promise<unknown>, input)
    return result as Awaited<ReturnType<RolloutActivities[Name]>>
  }
  const replicas = async (name: string): Promise<number | undefined> => ((await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', name }))?.['spec'] as { replicas?: number } | undefined)?.replicas
  return { cluster, traffic, run, replicas: (releaseId: string) => replicas(versionName('shop', releaseId)), named: replicas }
}

const rolloutCall = (version: string, deploy: JsonObject = {}, gateway = 'edge'): JobCall => {
  const call = callOf('rollout', {
    service: 'shop', route: { gateway, name: 'shop', ...gateway === 'edge' && { listen: { port: 8000 } } },
    deploy: { type: 'kubernetes', image: `registry.example/shop:${version}`, port: 8080, servicePort: 80, replicas: 4, environment: {}, health: { path: '/', expectedStatus: 200, timeout: '20s' }, drain: '1s', address: 'service', keep: 1, ...deploy },
    strategy: { type: 'canary', phases: [{ percentage: 100, minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4 }] },
  })
  return { ...call, release: { ...call.release, version } }
}
type World = Awaited<ReturnType<typeof clusterWorld>>
async function released({ run }: World, call: JobCall): Promise<{ undo: UndoCall; releaseId: string }> {
  const { snapshot, stable } = await run('rollout.snapshot', call)
  const { candidate } = await run('rollout.deploy', call)
  await run('rollout.setSplit', { call, stable, candidate, percent: 100, sticky: null })
  await run('rollout.finish', { call, candidate, stable })
  return { undo: { call, snapshot }, releaseId: call.release.releaseId }
}

test('a version in a cluster is a Deployment with a Service of its own, started once, and grows before it gets its share', async () => {
  const world = await clusterWorld()
  const old = await released(world, rolloutCall('1.0.0'))
  const call = rolloutCall('2.0.0')
  const { stable } = await world.run('rollout.snapshot', call)
  const [first, second] = [await world.run('rollout.deploy', call), await world.run('rollout.deploy', call)]
  expect(second).toEqual(first)
  expect(first.candidate).toEqual({ id: call.release.releaseId, version: '2.0.0', url: `http://${versionName('shop', call.release.releaseId)}.${world.cluster.namespace}.svc:80` })
  expect(await world.replicas(call.release.releaseId)).toBe(1)
  await world.run('rollout.setSplit', { call, stable, candidate: first.candidate, percent: 50, sticky: null })
  expect([await world.replicas(call.release.releaseId), await world.replicas(old.releaseId)]).toEqual([2, 4])
  expect(await world.cluster.workload({ apiVersion: 'apps/v1', kind: 'Deployment', name: versionName('shop', call.release.releaseId) })).toMatchObject({ readyPods: 2 })
})

test('what was finished is taken back: the old version has all its pods before it gets the traffic, the new one none', async () => {
  const world = await clusterWorld()
  const old = await released(world, rolloutCall('1.0.0'))
  const before = await world.traffic.read('shop')
  const now = await released(world, rolloutCall('2.0.0'))
  expect([await world.replicas(old.releaseId), await world.replicas(now.releaseId)]).toEqual([0, 4])
  await expect(world.run('rollout.removeCandidate', now.undo)).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
  for (let times = 0; times < 2; times += 1) {
    await world.run('rollout.reviveStable', now.undo)
    await world.run('rollout.restoreRoute', now.undo)
    await world.run('rollout.removeCandidate', now.undo)
  }
  expect([await world.replicas(old.releaseId), await world.replicas(now.releaseId)]).toEqual([4, 0])
  expect(await world.traffic.read('shop')).toEqual(before)
})

test('work without HTTP moves by replicas, from a Deployment that no release has made, and back to it', async () => {
  const world = await clusterWorld()
  await must(world.cluster.apply(workloadObject('Deployment', 'worker', world.cluster.namespace, 'registry.example/worker:0.9', { replicas: 4 })))
  const call = rolloutCall('1.0.0', { from: 'worker', image: 'registry.example/worker:1.0.0' }, 'replicas')
  delete (call.config['deploy'] as JsonObject)['port']
  const { snapshot, stable } = await world.run('rollout.snapshot', call)
  expect(stable).toEqual({ id: 'deployment:worker', version: 'worker', url: `kubernetes://${world.cluster.namespace}/worker` })
  const { candidate } = await world.run('rollout.deploy', call)
  const counts = async () => [await world.named('worker'), await world.replicas(call.release.releaseId)]
  for (const [percent, wanted] of [[25, [3, 1]], [50, [2, 2]], [100, [0, 4]]] as const) {
    await world.run('rollout.setSplit', { call, stable, candidate, percent, sticky: null })
    expect(await counts()).toEqual(wanted)
  }
  await world.run('rollout.finish', { call, candidate, stable })
  expect(await counts()).toEqual([0, 4])
  const undo: UndoCall = { call, snapshot }
  for (let times = 0; times < 2; times += 1) {
    await world.run('rollout.restoreRoute', undo)
    await world.run('rollout.removeCandidate', undo)
  }
  expect(await counts()).toEqual([4, 0])
})

test('an image that cannot be pulled fails with the pods\' own words, and no traffic has moved', async () => {
  const world = await clusterWorld()
  await expect(world.run('rollout.deploy', rolloutCall('broken-1', { health: { path: '/', expectedStatus: 200, timeout: '3s' } }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/has no ready endpoint.*ErrImagePull|ImagePullBackOff/) as string })
  expect(world.traffic.history).toEqual([])
})

test('a Deployment to be like that is not there is a wrong configuration', async () => {
  const world = await clusterWorld()
  await expect(world.run('rollout.deploy', rolloutCall('1.0.0', { from: 'nothing' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('no Deployment nothing') as string })
})

test('a dry run asks the API server, tells in what the new version differs, and leaves no object behind', async () => {
  const world = await clusterWorld()
  await released(world, rolloutCall('1.0.0', { environment: { COLOUR: 'green' } }))
  const names = async () => (await world.cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace: world.cluster.namespace })).map(({ metadata }) => metadata.name)
  const before = await names()
  const [started] = await world.run('rollout.preview', rolloutCall('2.0.0', { environment: { COLOUR: 'red' }, replicas: 6 }))
  expect(started).toMatchObject({ action: 'create', after: '2.0.0, registry.example/shop:2.0.0, 6 replicas for all of the traffic, beside it, until it takes all traffic' })
  expect(started?.diff?.split('\n')).toEqual(['-image registry.example/shop:1.0.0', '+image registry.example/shop:2.0.0', '-replicas 4', '+replicas 6', '-env COLOUR=green', '+env COLOUR=red'])
  expect(await names()).toEqual(before)
  await expect(world.run('rollout.preview', rolloutCall('2.0.0', { environment: { '1=wrong': 'x' } }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('1=wrong') as string })
})
