import { createHash } from 'node:crypto'
import type { ClusterObject } from '../../../drivers/clusters/port.js'
import type { KubernetesDeploy } from '../../../plan/kinds/kubernetes-deploy.js'

/** Which release brought a version: how it is found again. */
export const RELEASE = 'releasectl.dev/release'
export const SERVICE = 'releasectl.dev/service'
/** How many replicas carry everything. */
export const REPLICAS = 'releasectl.dev/replicas'
/** Names of its variables whose values are secret. */
export const SECRETS = 'releasectl.dev/secret-variables'

export interface VersionOf { service: string; releaseId: string; version: string; namespace: string; deploy: KubernetesDeploy; /** Names of variables whose values are secret. */ secrets: string[] }
interface PodSpec { containers: Record<string, unknown>[]; [field: string]: unknown }
interface PodTemplate { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: PodSpec }

/** A name of the service and the release, as Kubernetes takes one (RFC 1123, 63 characters). */
export function versionName(service: string, releaseId: string): string {
  const plain = service.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50)
  return `${plain === '' ? 'service' : plain}-${createHash('sha256').update(`${service}/${releaseId}`).digest('hex').slice(0, 10)}`
}

/** Labels hold no blanks and no more than 63 characters. */
export const label = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 63).replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')

/** @param like the pods they are like; null: nothing but what the plan says */
export function deploymentOf({ service, releaseId, version, namespace, deploy, secrets }: VersionOf, like: PodTemplate | null, replicas: number): ClusterObject {
  const own = { [RELEASE]: label(releaseId) }
  const labels = { 'app.kubernetes.io/name': label(service), 'app.kubernetes.io/version': label(version), 'app.kubernetes.io/managed-by': 'releasectl', [SERVICE]: label(service), ...own }
  return {
    apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: { name: versionName(service, releaseId), namespace, labels, annotations: { [REPLICAS]: String(deploy.replicas), [SECRETS]: secrets.join(',') } },
    spec: { replicas, selector: { matchLabels: own }, template: { metadata: { ...like?.metadata?.annotations && { annotations: like.metadata.annotations }, labels: { ...like?.metadata?.labels, ...labels } }, spec: podSpec(like?.spec ?? null, deploy) } },
  }
}

export function serviceOf({ service, releaseId, namespace, deploy }: VersionOf, port: number): ClusterObject {
  const name = versionName(service, releaseId)
  return {
    apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: { [SERVICE]: label(service), [RELEASE]: label(releaseId), 'app.kubernetes.io/managed-by': 'releasectl' } },
    spec: { selector: { [RELEASE]: label(releaseId) }, ports: [{ name: 'http', protocol: 'TCP', port: deploy.servicePort, targetPort: port }] },
  }
}

function podSpec(like: PodSpec | null, deploy: KubernetesDeploy): PodSpec {
  const { containers, ...rest } = like ?? { containers: [] }
  const at = Math.max(0, containers.findIndex(({ name }) => name === deploy.container))
  const others = containers.filter((_, n) => n !== at)
  return { ...rest, containers: [containerOf(containers[at] ?? { name: 'main' }, deploy), ...others] }
}

function containerOf(like: Record<string, unknown>, { image, port, environment, command, health }: KubernetesDeploy): Record<string, unknown> {
  const given = Object.entries(environment).map(([name, value]) => ({ name, value }))
  const before = Array.isArray(like['env']) ? (like['env'] as { name: string }[]).filter(({ name }) => !(name in environment)) : []
  return {
    ...like, image, ...command && { command }, ...before.length + given.length > 0 && { env: [...before, ...given] },
    ...port !== undefined && { ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }], readinessProbe: like['readinessProbe'] ?? { httpGet: { path: health.path, port }, periodSeconds: 1, failureThreshold: 2 } },
  }
}
