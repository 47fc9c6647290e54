import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { kubernetesRunner } from '../activities/kinds/kubernetes/runner.js'
import { KubernetesCluster } from '../drivers/clusters/kubernetes.js'
import { KubernetesConfig } from '../plan/kinds/kubernetes.js'
import { testbedKubectl } from '../test/support/cluster.js'
import { startComponent } from '../test/testbed/component.js'
import { argoRows } from './argo.js'
import { configOf, jobContext } from './job-context.js'
import type { Row } from './row.js'
import { setting } from './statistics.js'
import { command, inTurns } from './turns.js'

const REPLICAS = 3

/** The `kubernetes` kind beside kubectl, on a real API server with real controllers, whose nodes run no containers (kwok). */
export async function clusters(): Promise<Row[]> {
  const turns = setting('BENCH_TURNS', 15)
  const kube = await startComponent('kubernetes', ['TESTBED_KUBE_PORT+9'], { TESTBED_KUBE_NET: '243', TESTBED_KUBE_GATEWAY_API: '' })
  try {
    const kubeconfig = join(kube.folder, 'kube', 'kubeconfig')
    const cluster = KubernetesCluster.open({ kubeconfigFile: kubeconfig })
    const kubectl = (args: string[], input?: string): Promise<string> => command('kubectl', args, { env: { KUBECONFIG: kubeconfig, PATH: `${process.env['PATH'] ?? ''}:${dirname(testbedKubectl())}` }, ...input !== undefined && { input } })
    const apply = (name: string) => async (turn: number): Promise<void> => {
      const config = configOf(KubernetesConfig, { manifests: deployment(name, `v${turn}`), stableFor: '0s' })
      await kubernetesRunner.execute(config, jobContext('kubernetes', `r-${randomUUID()}`, { cluster: async () => cluster }))
    }
    const rollout = (name: string) => async (turn: number): Promise<void> => {
      await kubectl(['apply', '--server-side', '-f', '-'], deployment(name, `v${turn}`))
      await kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s'])
    }
    return [
      await inTurns(`\`kubernetes\` job: a Deployment of ${REPLICAS} gets a new version and is rolled out, beside \`kubectl apply --server-side\` and \`kubectl rollout status\``, turns, { run: apply('ours') }, { run: rollout('bare') }),
      await inTurns('the same with nothing to change', turns, { run: (turn) => apply('ours')(turn === 0 ? 0 : 1) }, { run: (turn) => rollout('bare')(turn === 0 ? 0 : 1) }),
      ...await argoRows({ cluster, kubeconfig, kubectl }),
    ]
  } finally { await kube.stop() }
}

const deployment = (name: string, tag: string): string => `---\n${JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' },
  spec: { replicas: REPLICAS, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: `registry.test/app:${tag}` }] } } },
})}`
