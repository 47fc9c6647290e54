import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import { versionName } from '../../activities/rollout/kubernetes/objects.js'
import type { JsonObject } from '../../domain/json.js'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import { callOf } from '../activities/kind-world.js'
import { EdgeProcess, freePort } from '../edge/edge-process.js'
import { newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { workerOn, type Act, type WorkerOn } from '../support/killed-worker.js'
import { endsInOneOfTwoStates, type Scene } from '../support/two-states.js'
import { must } from './cluster-routes.js'

// A worker of its own that is killed with SIGKILL before each single thing it does to the cluster or the gateway.
const EVERY_MOMENT_MS = 1_200_000
let kubeconfigFile = ''
let edge: EdgeProcess
beforeAll(async () => { [kubeconfigFile, edge] = await Promise.all([sharedCluster(), EdgeProcess.start()]) }, EVERY_MOMENT_MS)
afterAll(() => edge.dispose())

interface Place { on: WorkerOn; namespace: string; replicas: (name: string) => Promise<number>; call: (version: string, gateway: string, deploy?: JsonObject) => Promise<JobCall> }
async function place(): Promise<Place> {
  const namespace = await newNamespace(openCluster(kubeconfigFile))
  const cluster = openCluster(kubeconfigFile, namespace)
  const listen = await freePort()
  return {
    namespace, on: { home: await mkdtemp(join(tmpdir(), 'releasectl-home-')), cluster: { kubeconfigFile, namespace }, edge: { url: edge.controlUrl, token: await edge.token() } },
    replicas: async (name) => {
      const object = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', name })
      return (object?.['spec'] as { replicas?: number } | undefined)?.replicas ?? 0
    },
    call: async (version, gateway, deploy = { port: 8080 }) => {
      const made = callOf('rollout', {
        service: 'shop', route: { gateway, name: namespace, ...gateway === 'edge' && { listen: { port: listen } } },
        deploy: { type: 'kubernetes', image: `registry.example/shop:${version}`, servicePort: 80, replicas: 4, environment: {}, health: { path: '/', expectedStatus: 200, timeout: '20s' }, drain: '1s', address: 'service', keep: 1, ...deploy },
        strategy: { type: 'canary', phases: [{ percentage: 100, minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4 }] },
      })
      return { ...made, release: { ...made.release, version } }
    },
  }
}
type Side = { id: string; version: string; url: string }
/** Half first, then all. */
const acts = (call: JobCall, candidate: Side, stable: Side | null): Act[] => [
  { activity: 'rollout.deploy', input: call },
  ...[50, 100].map((percent) => ({ activity: 'rollout.setSplit', input: { call, stable, candidate, percent, sticky: null } })),
  { activity: 'rollout.finish', input: { call, candidate, stable } },
]
async function scene({ on, call, candidate, stable }: { on: WorkerOn; call: JobCall; candidate: Side; stable: Side }): Promise<Pick<Scene, 'on' | 'act' | 'undo'>> {
  const { snapshot } = await (await workerOn(on)).run({ activity: 'rollout.snapshot', input: call }) as { snapshot: unknown }
  return { on, act: acts(call, candidate, stable), undo: ['reviveStable', 'restoreRoute', 'removeCandidate'].map((undo) => ({ activity: `rollout.${undo}`, input: { call, snapshot } })) }
}

test('a worker killed at any moment of a rollout in a cluster, or of its undo: the route is at one version, which has all the pods', async () => {
  const traffic = new EdgeTraffic({ url: edge.controlUrl, token: await edge.token() })
  expect(await endsInOneOfTwoStates(async () => {
    const { on, namespace, replicas, call } = await place()
    const sideOf = ({ release: { releaseId: id, version } }: JobCall): Side => ({ id, version, url: `http://${versionName('shop', id)}.${namespace}.svc:80` })
    const [old, now] = [await call('1.0.0', 'edge'), await call('2.0.0', 'edge')]
    const worker = await workerOn(on)
    for (const act of acts(old, sideOf(old), null)) await worker.run(act)
    return {
      ...await scene({ on, call: now, candidate: sideOf(now), stable: sideOf(old) }),
      state: async () => {
        const route = await traffic.read(namespace)
        return { pods: await Promise.all([old, now].map(async ({ release }) => replicas(versionName('shop', release.releaseId)))), stable: route?.stable, candidate: route?.candidate, percent: route?.percent }
      },
      after: { pods: [0, 4], stable: sideOf(now), candidate: null, percent: 0 },
    }
  })).toBeGreaterThan(1)
}, EVERY_MOMENT_MS)

test('a worker killed at any moment of a rollout by replicas, or of its undo: one version has all the replicas', async () => {
  expect(await endsInOneOfTwoStates(async () => {
    const { on, namespace, replicas, call } = await place()
    await must(openCluster(kubeconfigFile, namespace).apply(workloadObject('Deployment', 'worker', namespace, 'registry.example/worker:0.9', { replicas: 4 })))
    const now = await call('1.0.0', 'replicas', { from: 'worker' })
    const { releaseId: id, version } = now.release
    const url = (name: string): string => `kubernetes://${namespace}/${name}`
    return {
      ...await scene({ on, call: now, candidate: { id, version, url: url(versionName('shop', id)) }, stable: { id: 'deployment:worker', version: 'worker', url: url('worker') } }),
      state: async () => Promise.all(['worker', versionName('shop', id)].map(replicas)), after: [0, 4],
    }
  })).toBeGreaterThan(1)
}, EVERY_MOMENT_MS)
