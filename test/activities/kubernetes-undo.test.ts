import { beforeAll, describe, expect, test } from 'vitest'
import { asWritten } from '../../activities/kinds/kubernetes/as-written.js'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import type { ClusterObject, ClusterPort, ManagedFields } from '../../drivers/clusters/port.js'
import { refOf } from '../contract/clusters.js'
import { configMap, newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { kubernetesJob } from './kubernetes-world.js'

/** The real API server with its controllers; each test in a namespace of its own. */
let cluster: ClusterPort
let other: ClusterPort
let namespace: string
beforeAll(async () => {
  const file = await sharedCluster()
  cluster = openCluster(file)
  other = new KubernetesCluster(readKubeConfig({ kubeconfigFile: file }, undefined), { manager: 'other' })
}, 120_000)
const anew = async (): Promise<void> => { namespace = await newNamespace(cluster) }
const web = (image: string, more: Parameters<typeof workloadObject>[4] = { replicas: 2 }): ClusterObject => workloadObject('Deployment', 'web', namespace, image, more)
const live = async (object: ClusterObject): Promise<ClusterObject | null> => cluster.get(refOf(object))
const service = (): ClusterObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } })
/** Who has which fields, without what controllers say of its state and when. */
const managers = (object: ClusterObject | null): Partial<ManagedFields>[] => (object?.metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined).map(({ manager, operation, fieldsV1 }) => ({ manager: manager ?? '', operation: operation ?? '', fieldsV1: fieldsV1 ?? {} }))
const written = (object: ClusterObject | null): ClusterObject | null => object && asWritten(object)

describe('an undo', () => {
  test.each(['Deployment', 'StatefulSet', 'DaemonSet'])('brings a %s back to the very revision it had, also from an image that is not there', async (kind) => {
    await anew()
    const of = (image: string, labels: object = {}): ClusterObject => {
      const object = workloadObject(kind, 'web', namespace, image, kind === 'DaemonSet' ? {} : { replicas: 2 })
      return { ...object, metadata: { ...object.metadata, labels: { ...labels } } }
    }
    await kubernetesJob(cluster).execute({ manifests: [of('shop:1', { tier: 'front' })] })
    const [before, state] = [await live(of('')), await cluster.workload(refOf(of('')))]
    const job = kubernetesJob(cluster)
    const config = { manifests: [of('shop:broken', { added: 'yes' })] }
    const snapshot = await job.snapshot(config)
    await expect(job.execute(config)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
    await job.rollback(config, snapshot)
    const after = await live(of(''))
    expect(written(after)).toEqual(written(before))
    expect(managers(after)).toEqual(managers(before))
    expect(await cluster.workload(refOf(of('')))).toMatchObject({ ready: true, revision: state?.revision })
    const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })
    expect(pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ spec }) => (spec as { containers: { image: string }[] }).containers[0]?.image)).not.toContain('shop:broken')
  })

  test('puts every object back to the field, whoever had it, and deletes what the release made', async () => {
    await anew()
    const settings = (data: Record<string, string>, more: object = {}): ClusterObject => ({ ...configMap('settings', namespace, data), metadata: { name: 'settings', namespace, ...more } })
    await other.apply(settings({ theirs: '1', shared: 'a' }, { annotations: { note: 'by hand' } }))
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace }, stringData: { a: 'one' } }
    await kubernetesJob(cluster).execute({ manifests: [settings({ ours: '1', gone: 'x' }), service(), secret] })
    const all = [settings({}), service(), secret]
    const before = await Promise.all(all.map(live))
    const job = kubernetesJob(cluster)
    const config = { force: true, manifests: [settings({ ours: '2', shared: 'b', added: 'y' }, { labels: { x: 'y' } }), { ...service(), spec: { selector: { app: 'other' }, ports: [{ name: 'http', port: 80, targetPort: 9090 }, { name: 'more', port: 81 }] } }, { ...secret, stringData: { a: 'two', b: 'new' } }, configMap('new', namespace, {}), web('shop:1')] }
    const snapshot = await job.snapshot(config)
    await job.execute(config)
    expect((await live(settings({})))?.['data']).toEqual({ theirs: '1', shared: 'b', ours: '2', added: 'y' })
    await job.rollback(config, snapshot)
    const after = await Promise.all(all.map(live))
    expect(after.map(written)).toEqual(before.map(written))
    expect(after.map(managers)).toEqual(before.map(managers))
    expect([await live(configMap('new', namespace, {})), await live(web(''))]).toEqual([null, null])
    await other.apply(settings({ theirs: '2', shared: 'c' }, { annotations: { note: 'by hand' } })) // and none of it is a conflict afterwards
    expect((await live(settings({})))?.['data']).toMatchObject({ theirs: '2', shared: 'c' })
  })

  test('done twice is done once', async () => {
    await anew()
    const job = kubernetesJob(cluster)
    const config = { manifests: [configMap('settings', namespace, { a: '2' }), configMap('new', namespace, {})] }
    await kubernetesJob(cluster).execute({ manifests: [configMap('settings', namespace, { a: '1' })] })
    const snapshot = await job.snapshot(config)
    await job.execute(config)
    await job.rollback(config, snapshot)
    const once = await live(configMap('settings', namespace, {}))
    await job.rollback(config, snapshot)
    expect((await live(configMap('settings', namespace, {})))?.metadata.resourceVersion).toBe(once?.metadata.resourceVersion)
  })

  test('leaves what somebody else has made since, and an autoscaler\'s replicas', async () => {
    await anew()
    await kubernetesJob(cluster).execute({ manifests: [web('shop:1', {})] })
    const job = kubernetesJob(cluster)
    const config = { manifests: [web('shop:2', {}), configMap('new', namespace, {})] }
    const snapshot = await job.snapshot(config)
    await job.execute(config)
    await cluster.delete(refOf(configMap('new', namespace, {})))
    while (await live(configMap('new', namespace, {}))) await cluster.changed(refOf(configMap('new', namespace, {})), '0', { forMs: 100 })
    await other.create(configMap('new', namespace, { by: 'hand' }))
    await other.scale(refOf(web('')), 3)
    await job.rollback(config, snapshot)
    expect(await live(configMap('new', namespace, {}))).toMatchObject({ data: { by: 'hand' } })
    expect(await live(web(''))).toMatchObject({ spec: { replicas: 3, template: { spec: { containers: [{ image: 'shop:1' }] } } } })
    expect(job.context.logged.join('')).toContain('left: it is not of this release')
  })
})

describe('Jobs', () => {
  const migrate = (image: string): ClusterObject => workloadObject('Job', 'migrate', namespace, image)
  test('run to completion; a changed one is replaced, once per key; an unchanged one is not run again', async () => {
    await anew()
    await kubernetesJob(cluster).execute({ manifests: [migrate('shop:1')] })
    const first = (await live(migrate('')))?.metadata.uid
    await kubernetesJob(cluster).execute({ manifests: [migrate('shop:1')] })
    expect((await live(migrate('')))?.metadata.uid).toBe(first)
    const job = kubernetesJob(cluster)
    const config = { manifests: [migrate('shop:2')] }
    await job.execute(config)
    const second = (await live(migrate('')))?.metadata.uid
    expect(second).not.toBe(first)
    await job.execute(config)
    expect((await live(migrate('')))?.metadata.uid).toBe(second)
  })

  test('one that deleted itself when it was complete is not run again by the attempt that goes on', async () => {
    await anew()
    const job = kubernetesJob(cluster)
    const config = { manifests: [migrate('shop:1')] }
    await job.execute(config)
    await cluster.delete(refOf(migrate('')))
    while (await live(migrate(''))) await cluster.changed(refOf(migrate('')), '0', { forMs: 100 })
    await kubernetesJob(cluster, { releaseId: job.context.call.release.releaseId, heartbeatDetails: job.context.beats.at(-1) ?? null }).execute(config)
    expect(await live(migrate(''))).toBeNull()
  })

  test('one that cannot run fails the job; its undo takes it away and runs no older one again', async () => {
    await anew()
    await kubernetesJob(cluster).execute({ manifests: [migrate('shop:1')] })
    const job = kubernetesJob(cluster)
    const config = { manifests: [migrate('shop:missing')] }
    const snapshot = await job.snapshot(config)
    await expect(job.execute(config)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('0 of 1 pods have succeeded; pod migrate-') as string })
    await job.rollback(config, snapshot)
    expect(await live(migrate(''))).toBeNull()
  })

  test('one that has failed is not run again by the same attempt, but by the next', async () => {
    await anew()
    const late = workloadObject('Job', 'migrate', namespace, 'shop:missing', { spec: { activeDeadlineSeconds: 1 } })
    const config = { manifests: [late], stuckAfter: '10m' }
    const job = kubernetesJob(cluster)
    await expect(job.execute(config)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('DeadlineExceeded') as string })
    const uid = (await live(late))?.metadata.uid
    await expect(job.execute(config)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('DeadlineExceeded') as string })
    expect((await live(late))?.metadata.uid).toBe(uid)
    await expect(kubernetesJob(cluster, { releaseId: job.context.call.release.releaseId, attempt: 2 }).execute(config)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
    expect((await live(late))?.metadata.uid).not.toBe(uid)
  })

  test('CronJobs are applied and not waited for', async () => {
    await anew()
    const cron = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly', namespace }, spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'shop:1' }] } } } } } }
    expect((await kubernetesJob(cluster).execute({ manifests: [cron] })).outputs).toMatchObject({ created: 1 })
    expect(await live(cron)).toMatchObject({ spec: { schedule: '0 3 * * *' } })
  })
})
