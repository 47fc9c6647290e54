import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { asWritten } from '../../activities/kinds/kubernetes/as-written.js'
import type { Json } from '../../domain/json.js'
import type { ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import { refOf } from '../contract/clusters.js'
import { configMap, newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { kubernetesJob, type Given } from './kubernetes-world.js'

let file = ''
let cluster: ClusterPort
beforeAll(async () => {
  file = await sharedCluster()
  cluster = openCluster(file)
}, 120_000)

/** Run a part of the job as a process and kill it, as `kill -9` does, once its log says `at`. */
async function killedAt(at: RegExp, part: 'execute' | 'rollback', releaseId: string, config: Given, snapshot: Json): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('kubernetes-attempt.ts', import.meta.url)), part, file, releaseId, JSON.stringify(config), JSON.stringify(snapshot)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let log = ''
  child.stdout.on('data', (chunk) => { if (at.test(log += String(chunk))) child.kill('SIGKILL') })
  const [code, signal] = await once(child, 'close') as [number | null, string | null]
  expect({ code, signal, log: at.test(log) }).toEqual({ code: null, signal: 'SIGKILL', log: true })
}

interface Shop { config: Given; all: ClusterObject[]; read: () => Promise<(ClusterObject | null)[]>; jobUid: () => Promise<string | undefined> }
/** Version 1 is out; the config brings version 2, with a Service and a Job that were not there. */
async function shop(): Promise<Shop> {
  const namespace = await newNamespace(cluster)
  await kubernetesJob(cluster).execute({ manifests: [configMap('settings', namespace, { version: '1' }), workloadObject('Deployment', 'web', namespace, 'shop:1', { replicas: 2 })] })
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }
  const all = [configMap('settings', namespace, { version: '2' }), service, workloadObject('Deployment', 'web', namespace, 'shop:2', { replicas: 2 }), workloadObject('Job', 'migrate', namespace, 'shop:2')]
  const read = async (): Promise<(ClusterObject | null)[]> => Promise.all(all.map(async (object) => { const live = await cluster.get(refOf(object)); return live && asWritten(live) }))
  return { config: { manifests: all }, all, read, jobUid: async () => (await cluster.get(refOf(all[3] as ClusterObject)))?.metadata.uid }
}

test.each([/ConfigMap \S+ changed/, /Job \S+ created/, /pods are ready|pods have succeeded/])('killed at %s, the next attempt adopts what is there and ends as if nothing had happened', async (at) => {
  const { config, all, jobUid } = await shop()
  const releaseId = `r-${randomUUID()}`
  await killedAt(at, 'execute', releaseId, config, null)
  const ran = await jobUid()
  await kubernetesJob(cluster, { releaseId }).execute(config)
  expect(await cluster.get(refOf(all[0] as ClusterObject))).toMatchObject({ data: { version: '2' } })
  expect(await cluster.workload(refOf(all[2] as ClusterObject))).toMatchObject({ ready: true, readyPods: 2 })
  if (ran !== undefined) expect(await jobUid()).toBe(ran)
})

test.each([/ConfigMap \S+ put back/, /Job \S+ deleted/])('killed at %s in its undo, the next attempt leaves exactly what was there before', async (at) => {
  const { config, read, all } = await shop()
  const before = await read()
  const releaseId = `r-${randomUUID()}`
  const job = kubernetesJob(cluster, { releaseId })
  const snapshot = await job.snapshot(config)
  await job.execute(config)
  await killedAt(at, 'rollback', releaseId, config, snapshot)
  await job.rollback(config, snapshot)
  expect(await read()).toEqual(before)
  expect(await cluster.workload(refOf(all[2] as ClusterObject))).toMatchObject({ ready: true, readyPods: 2 })
})
