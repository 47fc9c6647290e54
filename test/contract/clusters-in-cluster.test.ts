import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { configMap, newNamespace, openCluster, sharedCluster, testbedKubectl } from '../support/cluster.js'

const PLACE = '/run/secrets/kubernetes.io/serviceaccount'
const DRIVER = fileURLToPath(new URL('../../drivers/clusters/kubernetes.ts', import.meta.url))
/** Says where it is, and what it may do there. */
const WHO = `
import { KubernetesCluster } from ${JSON.stringify(DRIVER)}
const cluster = KubernetesCluster.open({})
const seen = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'settings' })
const made = await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made', namespace: cluster.namespace }, data: {} })
const elsewhere = await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made', namespace: 'default' }, data: {} })
console.log(JSON.stringify({ namespace: cluster.namespace, seen: seen?.data, made: made.refused, elsewhere: elsewhere.why }))`

let kubeconfig: string
beforeAll(async () => { kubeconfig = await sharedCluster() }, 600_000)

test('in a pod a cluster is reached by the pod\'s own service account, in its own namespace, as far as it may', async () => {
  const admin = openCluster(kubeconfig)
  const namespace = await newNamespace(admin)
  await admin.apply(configMap('settings', namespace, { colour: 'green' }))
  const kubectl = (...args: string[]): string => execFileSync(testbedKubectl(), ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args], { encoding: 'utf8' })
  kubectl('create', 'serviceaccount', 'releaser')
  kubectl('create', 'rolebinding', 'releaser', '--clusterrole=edit', `--serviceaccount=${namespace}:releaser`)
  const folder = mkdtempSync(join(tmpdir(), 'releasectl-pod-'))
  const { server = '', caData = '' } = readKubeConfig({ kubeconfigFile: kubeconfig }, undefined).getCurrentCluster() ?? {}
  writeFileSync(join(folder, 'token'), kubectl('create', 'token', 'releaser').trim())
  writeFileSync(join(folder, 'ca.crt'), Buffer.from(caData, 'base64'))
  writeFileSync(join(folder, 'namespace'), namespace)
  writeFileSync(join(folder, 'who.mts'), WHO)
  const { hostname, port } = new URL(server)
  // What a kubelet mounts into a pod lies where it always does, in a mount namespace of the process's own.
  const { stdout } = await promisify(execFile)('unshare', ['--mount', 'sh', '-c', `mount -t tmpfs none /run && mkdir -p ${PLACE} && cp ${folder}/token ${folder}/ca.crt ${folder}/namespace ${PLACE}/ && exec "$0" --import tsx ${folder}/who.mts`, process.execPath],
    { env: { PATH: process.env['PATH'], KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port } })
  expect(JSON.parse(stdout)).toEqual({ namespace, seen: { colour: 'green' }, made: false, elsewhere: 'forbidden' })
})
