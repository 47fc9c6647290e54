import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import { configMap, newNamespace, openCluster, sharedCluster } from '../support/cluster.js'
import { freePort } from '../testbed/component.js'
import { clusterContract, refOf } from './clusters.js'

let file = ''
let text = ''
beforeAll(async () => {
  file = await sharedCluster()
  text = readFileSync(file, 'utf8')
})

clusterContract('kubernetes', async () => {
  const cluster = openCluster(file)
  const away = KubernetesCluster.open({ kubeconfig: text.replace(/https:\/\/127\.0\.0\.1:\d+/u, `https://127.0.0.1:${await freePort()}`) })
  return { cluster, other: new KubernetesCluster(readKubeConfig({ kubeconfigFile: file }, undefined), { manager: 'other' }), unreachable: away, namespace: await newNamespace(cluster) }
})

test('a cluster is reached by the text of a kubeconfig, by a file, and by the installation\'s own', async () => {
  for (const cluster of [KubernetesCluster.open({ kubeconfig: text }), KubernetesCluster.open({ kubeconfigFile: file, context: 'kube' }), KubernetesCluster.open({}, file)]) {
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' })).toMatchObject({ metadata: { name: 'default' } })
    expect(cluster.name).toMatch(/^cluster kube \(https:\/\/127\.0\.0\.1:\d+\)$/u)
  }
})

test('an object without a namespace goes where the job, else the context says', async () => {
  expect(KubernetesCluster.open({ kubeconfig: text }).namespace).toBe('default')
  const inContext = text.replace('user: admin}', 'user: admin, namespace: shop}')
  expect(KubernetesCluster.open({ kubeconfig: inContext }).namespace).toBe('shop')
  expect(KubernetesCluster.open({ kubeconfig: inContext, namespace: 'other' }).namespace).toBe('other')
})

test('a context that is not in the kubeconfig is named with those that are', () => {
  expect(() => KubernetesCluster.open({ kubeconfigFile: file, context: 'production' })).toThrow(`the kubeconfig ${file} has no context production; it has: kube`)
})

test('a kubeconfig that cannot be read, and none at all, are the config\'s fault', () => {
  expect(() => KubernetesCluster.open({ kubeconfigFile: '/no/such/kubeconfig' })).toThrow('the kubeconfig /no/such/kubeconfig cannot be read: ENOENT')
  expect(() => KubernetesCluster.open({ kubeconfig: 'a: [b secret' })).toThrow(/^the kubeconfig cannot be read$/u)
  expect(() => KubernetesCluster.open({})).toThrow('no cluster: the job and its target name none, KUBECONFIG is not set, and this is no pod')
})

test('a token the API does not know is refused, not asked again', async () => {
  const stranger = KubernetesCluster.open({ kubeconfig: text.replace(/token: \w+/u, 'token: of-nobody') })
  await expect(stranger.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' })).rejects.toMatchObject({ type: 'TARGET_REFUSED', nonRetryable: true, message: expect.stringMatching(/^cluster kube .* Unauthorized$/u) as string })
})

test('who may not is told by the API\'s own words', async () => {
  const admin = openCluster(file)
  const namespace = await newNamespace(admin)
  await admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'guest', namespace } })
  const guest = KubernetesCluster.open({ kubeconfig: text.replace('token: ', `as: system:serviceaccount:${namespace}:guest, token: `) })
  await expect(guest.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('cannot list resource "secrets"') as string })
  expect(await guest.apply(configMap('settings', namespace, {}))).toMatchObject({ refused: true, why: 'forbidden', reason: expect.stringContaining('cannot patch resource "configmaps"') as string })
})

test('a certificate of another authority is refused, not asked again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'releasectl-ca-'))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key'), '-out', join(folder, 'crt'), '-subj', '/CN=other-ca', '-days', '2'], { stdio: 'ignore' })
  const cluster = KubernetesCluster.open({ kubeconfig: text.replace(/certificate-authority-data: [\w+/=]+/u, `certificate-authority-data: ${readFileSync(join(folder, 'crt')).toString('base64')}`) })
  await expect(cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('its certificate is not one that the kubeconfig trusts') as string })
})

test('a misspelt field is refused instead of dropped', async () => {
  const cluster = openCluster(file)
  const namespace = await newNamespace(cluster)
  expect(await cluster.apply({ ...configMap('settings', namespace, {}), dota: { a: 'b' } })).toMatchObject({ refused: true, why: 'invalid', reason: expect.stringContaining('dota') as string })
})

test('a quota that is used up is told as such', async () => {
  const cluster = openCluster(file)
  const namespace = await newNamespace(cluster)
  await cluster.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace }, spec: { hard: { 'count/configmaps': '0' } } })
  for (;;) {
    const answer = await cluster.apply(configMap('settings', namespace, {}), { dryRun: true })
    if (!answer.refused) continue // the quota controller has not counted yet
    expect(answer).toMatchObject({ why: 'quota', reason: expect.stringContaining('exceeded quota: few') as string })
    return
  }
})

test('lists longer than a page are whole', async () => {
  const cluster = openCluster(file)
  const namespace = await newNamespace(cluster)
  await Promise.all(Array.from({ length: 520 }, (_, n) => cluster.create(configMap(`c-${n}`, namespace, {}))))
  const names = (await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace, fields: 'metadata.name!=kube-root-ca.crt' })).map(({ metadata }) => metadata.name)
  expect(new Set(names).size).toBe(520)
})

test('whoever waits shorter than the API takes to begin its answer has seen no change, not an outage', async () => {
  const cluster = openCluster(file)
  const namespace = await newNamespace(cluster)
  const object = configMap('settings', namespace, {})
  const answer = await cluster.apply(object)
  await cluster.changed(refOf(object), answer.refused ? null : answer.object?.metadata.resourceVersion ?? null, { forMs: 1 })
})

test('a call that is broken off by the release ends at once', async () => {
  const cluster = openCluster(file)
  const namespace = await newNamespace(cluster)
  const object = configMap('settings', namespace, {})
  await cluster.apply(object)
  await expect(cluster.changed(refOf(object), null, { forMs: 50_000, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
})
