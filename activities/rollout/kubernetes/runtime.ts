import { failure } from '../../../domain/failures.js'
import { durationMs } from '../../../domain/duration.js'
import type { Json } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort } from '../../../drivers/clusters/port.js'
import type { Side } from '../../../drivers/traffic/port.js'
import type { KubernetesDeploy } from '../../../plan/kinds/kubernetes-deploy.js'
import type { JobCall } from '../../contract.js'
import { systemVariables } from '../../system-variables.js'
import { versionDiff } from '../../version-diff.js'
import type { Runtime } from '../runtime.js'
import { deploymentOf, REPLICAS, serviceOf, versionName, type VersionOf } from './objects.js'
import { plain } from './plain.js'
import { ReplicaTraffic } from './replicas.js'
import { serviceAnswers } from './service-answers.js'
import { versionOf } from './shown.js'
import { replicasOf, Workloads, workloadUrl } from './workloads.js'

const READY_WITHIN_MS = 120_000
const LAST_LINES = 20

/** A version is a Deployment of its own beside the stable one, with a Service where it has a port. */
export function kubernetesRuntime(
  cluster: ClusterPort, { service, version, deploy, secrets }: { service: string; version: string; deploy: KubernetesDeploy; /** Names of variables whose values are secret. */ secrets: string[] }, call: JobCall,
): Runtime {
  const namespace = deploy.cluster?.namespace ?? cluster.namespace
  const readyWithinMs = deploy.health.timeout === undefined ? READY_WITHIN_MS : durationMs(deploy.health.timeout)
  const workloads = new Workloads({ cluster, namespace, service, readyWithinMs })
  const own: VersionOf = {
    service, namespace, releaseId: call.release.releaseId, version, secrets,
    deploy: { ...deploy, environment: { ...systemVariables(call), ...deploy.environment } },
  }
  const applied = async (object: ClusterObject, how: { dryRun?: boolean } = {}): Promise<ClusterObject> => {
    const answer = await cluster.apply(object, how)
    if (answer.refused) throw failure('TARGET_REFUSED', `${cluster.name} refused ${object.kind} ${object.metadata.name}: ${answer.reason}`)
    return answer.object ?? object
  }
  /** The Deployment of `deploy.from`, whose pods ours are like. */
  const model = async (): Promise<ClusterObject | null> => {
    if (deploy.from === undefined) return null
    const object = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', name: deploy.from, namespace })
    if (!object) throw failure('CONFIG_INVALID', `deploy.from: ${cluster.name} has no Deployment ${deploy.from} in namespace ${namespace}`)
    return object
  }
  const isOurs = async (side: Side): Promise<boolean> => side.url.startsWith('kubernetes://') || await workloads.find(side.id) !== null

  return {
    name: (id) => `${service}/${id}`,

    async start() {
      const there = await workloads.find(own.releaseId)
      await workloads.prune(deploy.keep, own.releaseId)
      await applied(deploymentOf(own, podsOf(await model()), Math.max(1, replicasOf(there)))) // scaled as its share grows
      return { url: deploy.port === undefined ? workloadUrl(namespace, versionName(service, own.releaseId)) : urlOf(await applied(serviceOf(own, deploy.port)), deploy) }
    },

    async facts(id) {
      const object = await workloads.find(id)
      return { deployment: versionName(service, id), namespace, image: deploy.image, replicas: replicasOf(object) }
    },

    async inspect(id) {
      const state = await workloads.find(id) && await cluster.workload(workloads.refOfRelease(id))
      if (!state) return null
      const stuck = state.stuck.map(({ pod, reason, message }) => `${pod === null ? '' : `${pod} `}${reason}: ${message}`)
      return { running: state.failed === null, exitCode: null, ...(state.failed ?? stuck[0]) !== undefined && { detail: [state.failed, ...stuck].filter((part) => part !== null).join('; ') } }
    },

    async spec(id) {
      const object = await workloads.find(id)
      if (!object) return null
      const front = await cluster.get({ apiVersion: 'v1', kind: 'Service', name: object.metadata.name, namespace })
      return JSON.parse(JSON.stringify([object, ...front ? [front] : []].map(plain))) as Json
    },

    async preview(stableId) {
      const like = await model()
      const next = deploymentOf(own, podsOf(like), 1)
      await applied(next, { dryRun: true })
      const ours = stableId === null ? null : await workloads.find(stableId)
      const old = ours ?? (stableId === null ? null : like)
      const system = Object.keys(systemVariables(call))
      const diff = old && versionDiff(versionOf(old, deploy.container, system), versionOf(next, deploy.container, system))
      return { isOurs: ours !== null, after: `${deploy.image}, ${deploy.replicas} replica${deploy.replicas === 1 ? '' : 's'} for all of the traffic`, ...diff !== null && { diff } }
    },

    async revive(spec, signal) {
      for (const object of spec as unknown as ClusterObject[]) await applied(object)
      const [deployment] = spec as unknown as ClusterObject[]
      const full = Number(deployment?.metadata.annotations?.[REPLICAS] ?? 1)
      if (deployment) await workloads.scaleUp({ id: '', version: '', url: workloadUrl(namespace, deployment.metadata.name) }, full, signal)
    },

    async capacity(side, percent, signal) {
      if (percent === 0 || !await isOurs(side)) return
      const object = await cluster.get(workloads.refOf(side))
      const full = Number(object?.metadata.annotations?.[REPLICAS] ?? deploy.replicas)
      await workloads.scaleUp(side, Math.max(1, Math.ceil(full * percent / 100)), signal)
    },

    /** Ready by the cluster's own word: its pods' readiness, which the kubelet asks for. */
    async answers(side) {
      if (side.url.startsWith('kubernetes://')) return await readyPods(cluster, workloads, side) > 0 ? null : 'it has no ready pod'
      return serviceAnswers({ cluster, namespace, service, side, own: await workloads.find(side.id), healthPath: deploy.health.path })
    },

    async stop(id) {
      if (await workloads.find(id)) await workloads.scaleDown({ id, version: '', url: '' }, 0)
    },

    async tail(id) {
      const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labels: `releasectl.dev/release=${id}` })
      const pod = pods.at(-1)
      const container = ((pod?.['spec'] as { containers?: { name: string }[] } | undefined)?.containers ?? [])[0]?.name
      return pod === undefined || container === undefined ? '' : cluster.logs({ namespace, pod: pod.metadata.name, container }, LAST_LINES)
    },

    replicas: new ReplicaTraffic({
      cluster, workloads, replicas: deploy.replicas,
      before: deploy.from === undefined ? null : { id: `deployment:${deploy.from}`, version: deploy.from, url: workloadUrl(namespace, deploy.from) },
    }),
  }
}

const podsOf = (deployment: ClusterObject | null): Parameters<typeof deploymentOf>[1] => (deployment?.['spec'] as { template: Parameters<typeof deploymentOf>[1] } | undefined)?.template ?? null

function urlOf({ metadata, ...object }: ClusterObject, { address, servicePort }: KubernetesDeploy): string {
  const { clusterIP } = object['spec'] as { clusterIP?: string }
  return address === 'clusterIP' && clusterIP !== undefined ? `http://${clusterIP}:${servicePort}` : `http://${metadata.name}.${metadata.namespace ?? ''}.svc:${servicePort}`
}

const readyPods = async (cluster: ClusterPort, workloads: Workloads, side: Side): Promise<number> => (await cluster.workload(workloads.refOf(side)))?.readyPods ?? 0
