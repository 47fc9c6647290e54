import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterObject, ClusterPort } from '../drivers/clusters/port.js'
import { startComponent } from '../test/testbed/component.js'
import { replicasCanaryPlan } from './plans.js'
import { told, type Row } from './row.js'
import { setting } from './statistics.js'
import { withSystem } from './system.js'
import { inTurns } from './turns.js'

const REPLICAS = 4
const STEPS = [25, 50]
const LOOK_MS = 20
const WITHIN_MS = 60_000

/** A canary by replicas, without holds, from the order until all replicas are of the new version and the old ones have none. */
export async function argoRows({ cluster, kubeconfig, kubectl }: { cluster: ClusterPort; kubeconfig: string; kubectl: (args: string[]) => Promise<string> }): Promise<Row[]> {
  const what = `a canary of ${REPLICAS} replicas by ${STEPS.join(', ')} and 100 %, no holds: POST /releases to its end, beside Argo Rollouts, \`kubectl patch rollout\` to healthy`
  const argo = await startComponent('argo', ['TESTBED_ARGO_METRICS_PORT', 'TESTBED_ARGO_HEALTH_PORT'], { KUBECONFIG: kubeconfig }).catch((error: unknown) => String((error as { stderr?: string }).stderr ?? error).trim().split('\n').slice(-3).join(' '))
  if (typeof argo === 'string') return [told(what, `not measured: the controller of Argo Rollouts could not be built or started here: ${argo}`)]
  try {
    await cluster.apply(rollout('v0'))
    await untilHealthy(cluster, 'v0')
    return await withSystem({ environment: { KUBECONFIG: kubeconfig } }, async (system) => {
      const release = async (): Promise<void> => {
        const { status, reason } = await system.ended(await system.release({ planText: replicasCanaryPlan(REPLICAS, [...STEPS, 100]), version: `1.0.0-${randomUUID().slice(0, 8)}` }))
        if (status !== 'succeeded') throw new Error(`a canary by replicas ended ${status}: ${reason ?? ''}`)
      }
      await release()
      return [await inTurns(what, setting('BENCH_CANARIES', 7), { run: release }, {
        run: async (turn) => {
          const tag = `v${turn + 1}`
          await kubectl(['patch', 'rollout', 'bench', '--type', 'merge', '-p', JSON.stringify({ spec: { template: templateOf(tag) } })])
          await untilHealthy(cluster, tag)
        },
      })]
    })
  } finally { await argo.stop() }
}

const templateOf = (tag: string): object => ({ metadata: { labels: { app: 'argo' } }, spec: { containers: [{ name: 'app', image: `registry.test/app:${tag}` }] } })
const rollout = (tag: string): ClusterObject => ({
  apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'bench', namespace: 'default' },
  spec: { replicas: REPLICAS, selector: { matchLabels: { app: 'argo' } }, template: templateOf(tag), strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps: STEPS.map((setWeight) => ({ setWeight })) } } },
})

interface Status { phase?: string; observedGeneration?: string; stableRS?: string; currentPodHash?: string; updatedReplicas?: number; availableReplicas?: number; replicas?: number }
/** As its own command line says it: healthy, the newest version stable, no other replica left. */
async function untilHealthy(cluster: ClusterPort, tag: string): Promise<void> {
  for (const until = Date.now() + WITHIN_MS; ; await delay(LOOK_MS)) {
    const seen = await cluster.get({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'bench', namespace: 'default' })
    const status = (seen?.['status'] ?? {}) as Status
    const isNew = JSON.stringify(seen?.['spec']).includes(`:${tag}"`) && status.observedGeneration === String(seen?.metadata.generation)
    if (isNew && status.phase === 'Healthy' && status.stableRS === status.currentPodHash && status.updatedReplicas === REPLICAS && status.replicas === REPLICAS) return
    if (Date.now() > until) throw new Error(`Argo Rollouts did not get ${tag} out in ${WITHIN_MS / 1000} s: ${JSON.stringify(status).slice(0, 500)}`)
  }
}
