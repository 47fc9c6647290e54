import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { ClusterPort } from '../../drivers/clusters/port.js'
import { refOf } from '../contract/clusters.js'
import { newNamespace, openCluster, realNodes, workloadObject } from '../support/cluster.js'
import { kubernetesJob } from './kubernetes-world.js'

/** A kubelet on containerd: the containers run. */
let cluster: ClusterPort
beforeAll(async () => {
  const { kubeconfigFile, containerd } = await realNodes()
  cluster = openCluster(kubeconfigFile)
  const image = join(mkdtempSync(join(tmpdir(), 'releasectl-image-')), 'image.tar')
  execFileSync('python3', [fileURLToPath(new URL('../testbed/docker/mkimage.py', import.meta.url)), image, 'localhost/busy:1', '--file', '/bin/busybox:bin/sh', '--file', '/bin/busybox:bin/sleep', '--', '/bin/sh'])
  execFileSync('ctr', ['-a', containerd, '-n', 'k8s.io', 'images', 'import', image])
}, 300_000)
const script = (text: string): object => ({ command: ['/bin/sh', '-c', text], imagePullPolicy: 'IfNotPresent' })

test('a version that crashes says its last words, and its undo brings the old one back', async () => {
  const namespace = await newNamespace(cluster)
  const web = (text: string): Parameters<typeof refOf>[0] => workloadObject('Deployment', 'web', namespace, 'localhost/busy:1', { container: script(text) })
  await kubernetesJob(cluster).execute({ manifests: [web('sleep 1000')], stuckAfter: '1m' })
  const before = await cluster.workload(refOf(web('')))
  const job = kubernetesJob(cluster)
  const config = { manifests: [web('echo "cannot reach the database at db:5432"; exit 3')], stuckAfter: '2s', stableFor: '5s' }
  const snapshot = await job.snapshot(config)
  await expect(job.execute(config)).rejects.toMatchObject({
    type: 'CHECK_FAILED',
    message: expect.stringMatching(/^Deployment \S+\/web is stuck: 0 of 1 pods are ready(?:, 1 of an older version is left)?; pod web-\S+, container main: \w+: .*it ended with exit code 3.*\. Its last words:\ncannot reach the database at db:5432$/s) as string,
  })
  await job.rollback(config, snapshot)
  expect(await cluster.workload(refOf(web('')))).toMatchObject({ ready: true, revision: before?.revision })
})

test('a Job that fails says its last words', async () => {
  const namespace = await newNamespace(cluster)
  const job = workloadObject('Job', 'migrate', namespace, 'localhost/busy:1', { container: script('echo "column price is missing"; exit 1'), spec: { backoffLimit: 0 } })
  await expect(kubernetesJob(cluster).execute({ manifests: [job], stuckAfter: '1m' })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^Job \S+\/migrate failed: BackoffLimitExceeded: .*Its last words:\ncolumn price is missing$/s) as string })
})

test('an image that no registry has is told in the kubelet\'s words', async () => {
  const namespace = await newNamespace(cluster)
  const web = workloadObject('Deployment', 'web', namespace, 'localhost:1/none:1')
  await expect(kubernetesJob(cluster).execute({ manifests: [web], stuckAfter: '2s' })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/container main: (?:ErrImagePull|ImagePullBackOff): .*localhost:1\/none:1/) as string })
})
