import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { ClusterPort } from '../../drivers/clusters/port.js'
import { kubernetesJob } from '../activities/kubernetes-world.js'
import { configMap, newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { ToxicLine } from '../support/toxic-line.js'
import { refOf } from './clusters.js'

// A real API server behind a line that is spoilt; `direct` sees what has become of it.
let direct: ClusterPort
let spoilt: ClusterPort
let line: ToxicLine
beforeAll(async () => {
  const file = await sharedCluster()
  direct = openCluster(file)
  const kubeconfig = await readFile(file, 'utf8')
  line = await ToxicLine.to(/127\.0\.0\.1:\d+/.exec(kubeconfig)?.[0] ?? '')
  const other = join(await mkdtemp(join(tmpdir(), 'releasectl-kubeconfig-')), 'config')
  await writeFile(other, kubeconfig.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${line.port}`), { mode: 0o600 })
  spoilt = openCluster(other)
}, 600_000)
afterEach(() => line.mend())

const UNREACHABLE = { type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(/^cluster \S+ \(https:\/\/127\.0\.0\.1:\d+\)/) as string }

test('an API server whose line is cut is unreachable, and answers the same call afterwards', async () => {
  const object = configMap('settings', await newNamespace(direct), { a: '1' })
  await line.cut()
  await expect(spoilt.apply(object)).rejects.toMatchObject(UNREACHABLE)
  await expect(spoilt.get(refOf(object))).rejects.toMatchObject(UNREACHABLE)
  await line.restore()
  expect(await spoilt.apply(object)).toMatchObject({ refused: false })
})

test('a request that is cut in the middle has done nothing, and is done by the same call afterwards', async () => {
  const large = configMap('large', await newNamespace(direct), { text: randomBytes(400_000).toString('base64') })
  await spoilt.get(refOf(large)) // discovered, connected
  await line.spoil('limit_data', { bytes: 100_000 }, 'upstream')
  await expect(spoilt.apply(large)).rejects.toMatchObject(UNREACHABLE)
  expect(await direct.get(refOf(large))).toBeNull()
  await line.mend()
  expect(await spoilt.apply(large)).toMatchObject({ refused: false })
})

test('half an answer is none; what was done before it broke off is found by the same call', async () => {
  const large = configMap('answered', await newNamespace(direct), { text: randomBytes(400_000).toString('base64') })
  await spoilt.get(refOf(large))
  await line.spoil('limit_data', { bytes: 50_000 }, 'downstream')
  await expect(spoilt.apply(large)).rejects.toMatchObject(UNREACHABLE)
  const done = await direct.get(refOf(large))
  expect(done).not.toBeNull()
  await expect(spoilt.get(refOf(large))).rejects.toMatchObject(UNREACHABLE)
  await line.mend()
  expect(await spoilt.apply(large)).toMatchObject({ refused: false, object: { metadata: { uid: done?.metadata.uid, resourceVersion: done?.metadata.resourceVersion } } })
})

test('a watch that is cut only ends the waiting, and the next one hears of what comes', async () => {
  const object = configMap('watched', await newNamespace(direct), { a: '1' })
  await direct.apply(object)
  const version = (await spoilt.get(refOf(object)))?.metadata.resourceVersion ?? ''
  const waiting = spoilt.changed(refOf(object), version, { forMs: 60_000 })
  await delay(500) // it is open
  await line.cut()
  await waiting
  await line.restore()
  const again = spoilt.changed(refOf(object), version, { forMs: 60_000 })
  await direct.apply({ ...object, data: { a: '2' } })
  await again
  expect(await spoilt.get(refOf(object))).toMatchObject({ data: { a: '2' } })
})

test.each([['cut for good', async () => line.cut()], ['silent, then cut', async () => line.spoil('timeout', { timeout: 1000 })]])('a rollout whose line is %s is unreachable, and the same job afterwards adopts it', async (_what, spoil) => {
  const namespace = await newNamespace(direct)
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace }
  const config = { manifests: [configMap('settings', namespace, { a: '1' }), workloadObject('Deployment', 'web', namespace, 'shop:2', { replicas: 2 })], stableFor: '4s' }
  const job = kubernetesJob(spoilt)
  const cut = job.execute(config).then(() => 'ended', (error: unknown) => error)
  while ((await direct.workload(ref))?.readyPods !== 2) await delay(20)
  const before = await direct.get(ref)
  await spoil()
  expect(await cut).toMatchObject(UNREACHABLE)
  await line.mend()
  await job.execute({ ...config, stableFor: '0s' })
  expect((await direct.get(ref))?.metadata).toMatchObject({ uid: before?.metadata.uid, generation: before?.metadata.generation })
})

test('a slow line changes nothing', async () => {
  const namespace = await newNamespace(direct)
  await line.spoil('latency', { latency: 150, jitter: 50 })
  await kubernetesJob(spoilt).execute({ manifests: [workloadObject('Deployment', 'web', namespace, 'shop:1', { replicas: 2 })] })
  expect(await direct.workload({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace })).toMatchObject({ ready: true, readyPods: 2 })
})
