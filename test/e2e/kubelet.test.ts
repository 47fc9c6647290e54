import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { versionName } from '../../activities/rollout/kubernetes/objects.js'
import type { ReleaseView } from '../../domain/release.js'
import type { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import { many, versionAt } from '../contract/traffic-versions.js'
import { newNamespace, openCluster, realNodes } from '../support/cluster.js'
import { Installation } from '../support/installation.js'
import { freePort } from '../support/servers.js'
import { SteadyTraffic } from '../support/steady-traffic.js'

// One service's life in pods that a real kubelet runs, behind its Service's real address: each test goes on where the one before stopped.
const REPLICAS = 3
/** Answers its version. */
const WEB = `mkdir -p /tmp/www; printf %s "$RELEASE_VERSION" > /tmp/www/index.html; echo ok > /tmp/www/healthz
trap 'kill $!; exit 0' TERM
httpd -f -p 8080 -h /tmp/www & wait`
/** Healthy, and of no use. */
const ONE_ANSWER = `#!/bin/sh
read -r method path rest
while read -r line; do [ "$line" = "$(printf '\\r')" ] && break; done
case "$path" in
  /healthz) printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok' ;;
  *) printf 'HTTP/1.1 503 Service Unavailable\\r\\nContent-Length: 3\\r\\nConnection: close\\r\\n\\r\\nbad' ;;
esac`
const IMAGES = {
  '1.0.0': WEB, '2.0.0': WEB, '3.0.0-bad': `trap 'kill $!; exit 0' TERM
nc -ll -p 8080 -e /answer & wait`,
  '4.0.0-crashes': 'echo "cannot reach the database at db:5432"; exit 3',
}

let installation: Installation
let cluster: KubernetesCluster
let [listen, namespace] = [0, '']
const ids: Record<string, string> = {}
beforeAll(async () => {
  const { kubeconfigFile, containerd } = await realNodes()
  namespace = await newNamespace(openCluster(kubeconfigFile))
  cluster = openCluster(kubeconfigFile, namespace)
  const folder = mkdtempSync(join(tmpdir(), 'releasectl-images-'))
  for (const [version, script] of Object.entries(IMAGES)) load(folder, version, script, containerd)
  rmSync(folder, { recursive: true })
  listen = await freePort()
  installation = await Installation.start({ KUBECONFIG: kubeconfigFile })
}, 600_000)
afterAll(() => installation.stop())

test('a first version gets its Service, its pods and all requests', async () => {
  expect(await release('1.0.0')).toMatchObject({ status: 'succeeded', reason: null })
  expect(new Set(await answers())).toEqual(new Set(['1.0.0']))
  await hasPods('1.0.0', REPLICAS)
})

test('a canary moves real requests from pods to pods and loses none; the old version then has no pods', async () => {
  const traffic = new SteadyTraffic({ port: listen })
  expect(await release('2.0.0')).toMatchObject({ status: 'succeeded', reason: null })
  await traffic.stop()
  expect(traffic.lost).toEqual([])
  expect(Object.keys(traffic.answered).sort()).toEqual(['1.0.0', '2.0.0'])
  await hasPods('1.0.0', 0)
  await hasPods('2.0.0', REPLICAS)
})

test('a version whose pods are healthy and whose answers are not is taken back by what was counted', async () => {
  const traffic = new SteadyTraffic({ port: listen })
  const view = await release('3.0.0-bad')
  await traffic.stop()
  expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/^error rate 100% not <20% for web at 25%/) as string })
  expect(traffic.lost.filter((lost) => !lost.includes('status 503'))).toEqual([])
  expect(new Set(await answers())).toEqual(new Set(['2.0.0']))
  await hasPods('2.0.0', REPLICAS)
  await hasPods('3.0.0-bad', 0)
})

test('a version whose pods crash fails with their last words, and nobody has noticed', async () => {
  const traffic = new SteadyTraffic({ port: listen })
  const view = await release('4.0.0-crashes')
  await traffic.stop()
  expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/not healthy after 15s: Service \S+ has no ready endpoint[^]*\. Its last words:\ncannot reach the database at db:5432$/) as string })
  expect({ lost: traffic.lost, by: Object.keys(traffic.answered) }).toEqual({ lost: [], by: ['2.0.0'] })
})

test('what succeeded is taken back days later: the old version has its pods before it has the requests', async () => {
  const traffic = new SteadyTraffic({ port: listen })
  await installation.call('POST', `/releases/${ids['2.0.0'] ?? ''}/rollback`)
  expect(await installation.until(ids['2.0.0'] ?? '', ({ status, endedAt }) => status === 'rolled_back' && endedAt !== null, 120_000)).toMatchObject({ status: 'rolled_back' })
  await traffic.stop()
  expect(traffic.lost).toEqual([])
  expect(new Set(await answers())).toEqual(new Set(['1.0.0']))
  await hasPods('1.0.0', REPLICAS)
  await hasPods('2.0.0', 0)
})

async function release(version: string): Promise<ReleaseView> {
  const id = await installation.release({ project: 'web', version, planText: plan() }, version)
  ids[version] = id
  return installation.ended(id)
}

const plan = (): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: web }
stages:
  - name: ship
    jobs:
      - name: web
        type: rollout
        config:
          service: web
          deploy:
            type: kubernetes
            cluster: { namespace: ${namespace} }
            image: "localhost/web:\${RELEASE_VERSION}"
            port: 8080
            replicas: ${REPLICAS}
            address: clusterIP
            health: { path: /healthz, timeout: 15s }
          route: { gateway: edge, name: web, listen: { port: ${listen} } }
          strategy:
            type: canary
            phases:
              - { percentage: 25, duration: 3s, interval: 500ms, minRequests: 10, successCriteria: { errorRate: "<20%" } }
              - { percentage: 60, duration: 2s }
              - { percentage: 100, duration: 1s }
`

const answers = (): Promise<string[]> => many(60, () => versionAt({ port: listen }))

/** Pods take their time to go. */
async function hasPods(version: string, count: number): Promise<void> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: versionName('web', ids[version] ?? '') }
  expect(((await cluster.get(ref))?.['spec'] as { replicas: number }).replicas).toBe(count)
  await expect.poll(async () => (await cluster.workload(ref))?.readyPods, { timeout: 60_000 }).toBe(count)
}

/** Onto the node, as if it had pulled it. */
function load(folder: string, version: string, script: string, containerd: string): void {
  const [tar, app, answer] = ['image.tar', 'app', 'answer'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(app, script)
  writeFileSync(answer, ONE_ANSWER, { mode: 0o755 })
  const links = ['sh', 'httpd', 'nc', 'mkdir', 'echo', 'printf', 'kill'].flatMap((name) => ['--link', `bin/${name}:busybox`])
  execFileSync('python3', [fileURLToPath(new URL('../testbed/docker/mkimage.py', import.meta.url)), tar, `localhost/web:${version}`, '--file', '/bin/busybox:bin/busybox', ...links, '--file', `${app}:app`, '--file', `${answer}:answer`, '--', '/bin/sh', '/app'])
  execFileSync('ctr', ['-a', containerd, '-n', 'k8s.io', 'images', 'import', tar])
}
