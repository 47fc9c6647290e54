import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import type { ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import { sharedComponent } from './component.js'

/** The API server's, and those after it for the other parts. */
const KUBE_PORTS = ['TESTBED_KUBE_PORT+9']

/** A real API server, its controllers and scheduler, shared by all files of a run. Its nodes have no containers: pods are ready at once, an image with a tag that begins with bad, missing or broken cannot be pulled. @returns its kubeconfig file */
export async function sharedCluster(): Promise<string> {
  const { folder } = await sharedComponent('kubernetes', KUBE_PORTS)
  return join(folder, 'kube', 'kubeconfig')
}

/** The address of this machine that a cluster's pods and gateways reach. */
export const nodeAddress = (network = process.env['TESTBED_KUBE_NET'] ?? '223'): string => `10.${network}.0.1`

/** The same with a kubelet and containers; of its own, as the other's pods need no containers. @returns its kubeconfig file and the socket of its containerd */
export async function realNodes(): Promise<{ kubeconfigFile: string; containerd: string }> {
  const { folder } = await sharedComponent('kubernetes', KUBE_PORTS, { settings: { TESTBED_KUBE_NAME: 'real', TESTBED_KUBE_NODES: 'real', TESTBED_KUBE_NET: '233' } })
  return { kubeconfigFile: join(folder, 'real', 'kubeconfig'), containerd: join(folder, 'real', 'cri', 'containerd.sock') }
}

/** The testbed's own; there once a cluster has been started. */
export const testbedKubectl = (): string => join(process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache', 'releasectl-testbed'), 'bin', 'kubectl')

export const openCluster = (kubeconfigFile: string, namespace?: string): KubernetesCluster => KubernetesCluster.open({ kubeconfigFile, ...namespace !== undefined && { namespace } })

/** A namespace nobody has used before. */
export async function newNamespace(cluster: ClusterPort): Promise<string> {
  const name = `test-${randomBytes(5).toString('hex')}`
  const answer = await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  if (answer.refused) throw new Error(answer.reason)
  return name
}

export const configMap = (name: string, namespace: string, data: Record<string, string>): ClusterObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data })

/** A Deployment, StatefulSet, DaemonSet or Job of one container. */
export function workloadObject(kind: string, name: string, namespace: string, image: string, { replicas, container = {}, spec = {} }: { replicas?: number; container?: object; spec?: object } = {}): ClusterObject {
  const isJob = kind === 'Job'
  const template = { ...!isJob && { metadata: { labels: { app: name } } }, spec: { ...isJob && { restartPolicy: 'Never' }, terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, ...container }] } }
  return {
    apiVersion: isJob ? 'batch/v1' : 'apps/v1', kind, metadata: { name, namespace },
    spec: { ...!isJob && { selector: { matchLabels: { app: name } } }, ...kind === 'StatefulSet' && { serviceName: name }, ...replicas !== undefined && { replicas }, template, ...spec },
  }
}
