import { beforeAll, describe, expect, test } from 'vitest'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import type { ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import { refOf } from '../contract/clusters.js'
import { configMap, newNamespace, openCluster, sharedCluster, testbedKubectl, workloadObject } from '../support/cluster.js'
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

describe('a kubernetes job', () => {
  test('applies manifests and waits until they are rolled out', async () => {
    await anew()
    const job = kubernetesJob(cluster)
    const config = { manifests: [web('shop:1'), configMap('settings', namespace, { a: 'b' }), service()], namespace }
    const { outputs, message } = await job.execute(config)
    expect(outputs).toMatchObject({ created: 3, changed: 0, unchanged: 0, pruned: 0, namespace, revisions: { [`Deployment ${namespace}/web`]: expect.stringMatching(/^web-/) as string } })
    expect(message).toBe(`3 created in ${cluster.name}`)
    expect(await cluster.workload(refOf(web('shop:1')))).toMatchObject({ ready: true, readyPods: 2 })
    expect((await live(service()))?.metadata).toMatchObject({ labels: { 'releasectl.dev/release': job.context.call.release.releaseId }, annotations: { 'releasectl.dev/op': job.context.idempotencyKey } })
    expect(job.context.logged.join('')).toMatch(/ConfigMap \S+ created[\s\S]*Service \S+ created[\s\S]*Deployment \S+ created[\s\S]*2 of 2 pods are ready/)
  })

  test('run again with the same key it changes nothing', async () => {
    await anew()
    const job = kubernetesJob(cluster)
    const config = { manifests: [web('shop:1'), configMap('settings', namespace, { a: 'b' })] }
    await job.execute(config)
    const before = await live(web('shop:1'))
    expect((await job.execute(config)).outputs).toMatchObject({ created: 0, changed: 0 })
    expect((await live(web('shop:1')))?.metadata).toMatchObject({ uid: before?.metadata.uid, generation: before?.metadata.generation })
  })

  test('an image that is not there is told in the pods\' own words', async () => {
    await anew()
    await expect(kubernetesJob(cluster).execute({ manifests: [web('shop:missing')] })).rejects.toMatchObject({
      type: 'CHECK_FAILED', nonRetryable: true, message: expect.stringMatching(/^Deployment \S+\/web is stuck: 0 of 2 pods are ready; pod web-\S+, container main: ErrImagePull: failed to pull image "shop:missing": not found$/) as string,
    })
  })

  test('a deadline of the Deployment\'s own ends the waiting with its words', async () => {
    await anew()
    await expect(kubernetesJob(cluster).execute({ manifests: [web('shop:broken', { spec: { progressDeadlineSeconds: 2 } })], stuckAfter: '10m' })).rejects.toMatchObject({
      type: 'CHECK_FAILED', message: expect.stringMatching(/^Deployment \S+ failed: ProgressDeadlineExceeded: ReplicaSet "web-\S+" has timed out progressing\.; pod web-\S+, container main: ErrImagePull/) as string,
    })
  })

  test('a quota that is used up is told in the controller\'s words', async () => {
    await anew()
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace }, spec: { hard: { pods: '1' } } }
    await kubernetesJob(cluster).execute({ manifests: [quota] })
    while (((await live(quota))?.['status'] as { hard?: object } | undefined)?.hard === undefined) await cluster.changed(refOf(quota), '0', { forMs: 100 })
    await expect(kubernetesJob(cluster).execute({ manifests: [web('shop:1')] })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/is stuck: .*FailedCreate: pods "web-\S+" is forbidden: exceeded quota: few/) as string })
    await expect(kubernetesJob(cluster).execute({ manifests: [workloadObject('StatefulSet', 'db', namespace, 'db:1', { replicas: 2 })] })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('exceeded quota: few') as string })
  })

  test('pods that no node can take are told in the scheduler\'s words', async () => {
    await anew()
    const object = web('shop:1', { container: { resources: { requests: { cpu: '1000' } } } })
    await expect(kubernetesJob(cluster).execute({ manifests: [object] })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/pod web-\S+: Unschedulable: 0\/3 nodes are available: 3 Insufficient cpu/) as string })
  })

  test('a workload that is not ready in time says how far it was', async () => {
    await anew()
    await expect(kubernetesJob(cluster, { timeoutMs: 1500 }).execute({ manifests: [web('shop:bad')], stuckAfter: '10m' })).rejects.toMatchObject({ type: 'TIMED_OUT', message: expect.stringMatching(/was not ready in time: 0 of 2 pods are ready; pod .*ErrImagePull/) as string })
  })

  test.each<[string, () => ClusterObject[], string]>([
    ['a kind nobody knows', () => [{ apiVersion: 'shop.example/v1', kind: 'Basket', metadata: { name: 'x', namespace } }], 'refused Basket NS/x: the API knows no kind Basket in shop.example/v1'],
    ['a namespace that is not there', () => [configMap('other', 'no-such-namespace', {})], 'refused ConfigMap no-such-namespace/other: there is no namespace no-such-namespace'],
    ['a misspelt field', () => [{ ...web('shop:1'), spec: { ...web('shop:1')['spec'] as object, replica: 2 } }], 'replica'],
    ['a value that cannot be', () => [web('shop:1', { replicas: -1 })], 'must be greater than or equal to 0'],
  ])('%s is refused before anything is touched', async (_what, objects, message) => {
    await anew()
    const first = configMap('first', namespace, {})
    await expect(kubernetesJob(cluster).execute({ manifests: [first, ...objects()] })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(message.replace('NS', namespace)) as string })
    expect(await live(first)).toBeNull()
  })

  test('a field that cannot be changed is refused before anything is touched', async () => {
    await anew()
    await kubernetesJob(cluster).execute({ manifests: [web('shop:1')] })
    const changed = workloadObject('Deployment', 'web', namespace, 'shop:2', { spec: { selector: { matchLabels: { app: 'other' } }, template: { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'main', image: 'shop:2' }] } } } })
    await expect(kubernetesJob(cluster).execute({ manifests: [configMap('first', namespace, {}), changed] })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/a field that cannot be changed would change: .*selector.*field is immutable/) as string })
    expect(await live(configMap('first', namespace, {}))).toBeNull()
  })

  test('fields of other managers are a conflict that names them, and are taken by force only', async () => {
    await anew()
    await other.apply(web('shop:1', { replicas: 3 }))
    const job = kubernetesJob(cluster)
    await expect(job.execute({ manifests: [web('shop:2', { replicas: 1 })] })).rejects.toMatchObject({
      type: 'TARGET_REFUSED', message: expect.stringMatching(/other managers have fields of it: .*\.spec\.replicas \(other\).*Leave them out of the manifest, or take them with force: true/) as string,
    })
    expect(await live(web(''))).toMatchObject({ spec: { replicas: 3, template: { spec: { containers: [{ image: 'shop:1' }] } } } })
    await job.execute({ manifests: [web('shop:2', { replicas: 1 })], force: true })
    expect(await live(web(''))).toMatchObject({ spec: { replicas: 1 } })
  })

  test('a namespace, a kind of its own and an object of it may come in one set', async () => {
    await anew()
    const group = `g${namespace.slice(5)}.example`
    const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `baskets.${group}` }, spec: { group, scope: 'Namespaced', names: { plural: 'baskets', singular: 'basket', kind: 'Basket' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }] } }
    const basket = { apiVersion: `${group}/v1`, kind: 'Basket', metadata: { name: 'mine', namespace: `${namespace}-new` }, spec: { size: 3 } }
    const job = kubernetesJob(cluster)
    const config = { manifests: [basket, definition, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${namespace}-new` } }] }
    const before = await job.snapshot(config)
    await job.execute(config)
    expect(await live(basket)).toMatchObject({ spec: { size: 3 } })
    await job.rollback(config, before)
    expect(await live(definition)).toBeNull()
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: `${namespace}-new` })).toBeNull()
  })

  test('what a release no longer has is pruned by label, if it was a release\'s', async () => {
    await anew()
    const labelled = (name: string): ClusterObject => ({ ...configMap(name, namespace, { a: 'b' }), metadata: { name, namespace, labels: { app: 'shop' } } })
    await kubernetesJob(cluster).execute({ manifests: [labelled('old'), labelled('kept'), configMap('unlabelled', namespace, {})] })
    await other.apply(labelled('by-hand'))
    const job = kubernetesJob(cluster)
    const config = { manifests: [labelled('kept')], prune: 'app=shop' }
    const before = await job.snapshot(config)
    expect((await job.preview(config)).map(({ what, action }) => `${action} ${what.split(' in ')[0]}`)).toEqual([`none ConfigMap ${namespace}/kept`, `delete ConfigMap ${namespace}/old`])
    expect((await job.execute(config)).outputs).toMatchObject({ pruned: 1 })
    expect(await live(labelled('old'))).toBeNull()
    expect([await live(labelled('by-hand')), await live(configMap('unlabelled', namespace, {}))]).not.toContain(null)
    await job.rollback(config, before)
    expect(await live(labelled('old'))).toMatchObject({ data: { a: 'b' }, metadata: { labels: { app: 'shop' } } })
  })

  test('a kustomization is built from the bundle', async () => {
    await anew()
    const files = {
      'k8s/base/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { tag: "${variables.tag}" }\n', 'k8s/base/kustomization.yaml': 'resources: [settings.yaml]\n',
      'k8s/prod/kustomization.yaml': 'resources: [../base]\nnamePrefix: prod-\n', 'k8s/broken/kustomization.yaml': 'resources: [none.yaml]\n',
    }
    const job = kubernetesJob(cluster, { files, variables: { tag: '7' } })
    await job.execute({ kustomize: './k8s/prod', namespace, kubectl: testbedKubectl() })
    expect(await live(configMap('prod-settings', namespace, {}))).toMatchObject({ data: { tag: '7' } })
    await expect(job.execute({ kustomize: './k8s/broken', namespace, kubectl: testbedKubectl() })).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringMatching(/^kustomize k8s\/broken: .*none\.yaml/s) as string })
  })

  test('an uninstall deletes what releases applied and nothing else', async () => {
    await anew()
    await other.apply(configMap('by-hand', namespace, {}))
    const config = { manifests: [web('shop:1'), service()] }
    await kubernetesJob(cluster).execute(config)
    expect((await kubernetesJob(cluster).uninstall({ manifests: [...config.manifests, configMap('by-hand', namespace, {})] })).outputs).toEqual({ deleted: 2 })
    expect([await live(service()), await live(web(''))]).toEqual([null, null])
    expect(await live(configMap('by-hand', namespace, {}))).not.toBeNull()
  })

  test('cancelled while it waits, it ends at once', async () => {
    await anew()
    const stop = new AbortController()
    const running = kubernetesJob(cluster, { signal: stop.signal }).execute({ manifests: [web('shop:bad')], stuckAfter: '10m' })
    while (!await live(web(''))) await cluster.changed(refOf(web('')), null, { forMs: 1000 })
    stop.abort(new Error('the release is cancelled'))
    await expect(running).rejects.toThrow(/cancelled|abort/u)
  })
})

describe('a dry run', () => {
  test('tells each change as a diff and touches nothing', async () => {
    await anew()
    await kubernetesJob(cluster).execute({ manifests: [web('shop:1'), configMap('same', namespace, { a: 'b' })] })
    const changes = await kubernetesJob(cluster).preview({ manifests: [web('shop:2', { replicas: 3 }), configMap('same', namespace, { a: 'b' }), service()] })
    expect(changes.map(({ what, action, before, after }) => ({ what: what.split(' in ')[0], action, before, after }))).toEqual([
      { what: `ConfigMap ${namespace}/same`, action: 'none', before: 'ConfigMap', after: 'ConfigMap' },
      { what: `Service ${namespace}/web`, action: 'create', before: null, after: 'Service' },
      { what: `Deployment ${namespace}/web`, action: 'update', before: 'shop:1, 2 replicas', after: 'shop:2, 3 replicas' },
    ])
    const lines = (changes[2]?.diff ?? '').split('\n')
    expect(lines.filter((line) => /^[-+]/u.test(line)).map((line) => line.replace(/\s+/gu, ' '))).toEqual(['- replicas: 2', '+ replicas: 3', '- - image: shop:1', '+ - image: shop:2'])
    expect(lines[0]).toMatch(/^@@ -\d+,\d+ \+\d+,\d+ @@$/)
    expect(await live(service())).toBeNull()
    expect(await live(web(''))).toMatchObject({ spec: { replicas: 2 } })
  })

  test('never shows what is in a Secret', async () => {
    await anew()
    const secret = (data: Record<string, string>): ClusterObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace }, stringData: data })
    const fresh = await kubernetesJob(cluster).preview({ manifests: [secret({ first: 'hunter2hunter2' })] })
    await kubernetesJob(cluster).execute({ manifests: [secret({ first: 'hunter2hunter2', second: 'same-as-before' })] })
    const changed = await kubernetesJob(cluster).preview({ manifests: [secret({ first: 'hunter3hunter3', second: 'same-as-before' })] })
    const text = JSON.stringify([fresh, changed])
    for (const value of ['hunter2hunter2', 'hunter3hunter3', 'same-as-before']) for (const form of [value, Buffer.from(value).toString('base64')]) expect(text).not.toContain(form)
    expect(changed[0]).toMatchObject({ action: 'update', diff: expect.stringContaining('-  first: "*** (before)"\n+  first: "*** (after)"') as string })
    expect(changed[0]?.diff).toMatch(/^ {3}second: "\*\*\*"$/mu)
  })

  test('tells what would be refused', async () => {
    await anew()
    await other.apply(configMap('settings', namespace, { a: 'theirs' }))
    await expect(kubernetesJob(cluster).preview({ manifests: [configMap('settings', namespace, { a: 'ours' })] })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('.data.a (other)') as string })
  })
})
