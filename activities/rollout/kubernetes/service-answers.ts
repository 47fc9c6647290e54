import { isIP } from 'node:net'
import type { ClusterObject, ClusterPort } from '../../../drivers/clusters/port.js'
import type { Side } from '../../../drivers/traffic/port.js'
import { askHttp } from '../../probe.js'
import { versionName } from './objects.js'

const PROBE_MS = 2000
/** What a kubelet takes for success (Kubernetes, "Configure Liveness, Readiness and Startup Probes"), and what an unknown version may say. */
const OURS_BELOW = 400
const OTHERS_BELOW = 500

interface Endpoint { conditions?: { ready?: boolean }; targetRef?: { kind: string; name: string } }

/** @param own the side's Deployment, when a release has made it */
export interface Asked { cluster: ClusterPort; namespace: string; service: string; side: Side; own: ClusterObject | null; healthPath: string }

/**
 * Does a side's Service lead to pods that are ready? By the cluster's own word; behind an address also by asking there, as a gateway
 * will: nodes learn of new pods later than the API server. @returns null: yes; else why not
 */
export async function serviceAnswers({ cluster, namespace, service, side, own, healthPath }: Asked): Promise<string | null> {
  const hostname = new URL(side.url).hostname.replace(/^\[|\]$/g, '')
  const [name = '', of = namespace] = hostname.endsWith('.svc') ? hostname.split('.') : [versionName(service, side.id)]
  const slices = await cluster.list({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }, { namespace: of, labels: `kubernetes.io/service-name=${name}` })
  const endpoints = slices.flatMap((slice) => (slice['endpoints'] ?? []) as Endpoint[]).filter(({ conditions }) => conditions?.ready !== false)
  if (!await oneStays(cluster, of, endpoints)) return `Service ${name} has no ready endpoint`
  return isIP(hostname) === 0 ? null : reached(new URL(readinessPath(own) ?? healthPath, side.url), own === null ? OTHERS_BELOW : OURS_BELOW)
}

/** A slice may still name pods that are being deleted. */
async function oneStays(cluster: ClusterPort, namespace: string, endpoints: Endpoint[]): Promise<boolean> {
  for (const { targetRef } of endpoints) {
    if (targetRef?.kind !== 'Pod') return true
    const pod = await cluster.get({ apiVersion: 'v1', kind: 'Pod', name: targetRef.name, namespace })
    if (pod && pod.metadata.deletionTimestamp === undefined) return true
  }
  return false
}

async function reached({ href }: URL, below: number): Promise<string | null> {
  const { status } = await askHttp({ url: href }, PROBE_MS)
  if (status === null) return `its pods are ready, but nothing answers at ${href}`
  return status < below ? null : `its pods are ready, but ${href} answers with status ${status}`
}

const readinessPath = (deployment: ClusterObject | null): string | undefined =>
  (deployment?.['spec'] as { template?: { spec?: { containers?: { readinessProbe?: { httpGet?: { path?: string } } }[] } } } | undefined)?.template?.spec?.containers?.[0]?.readinessProbe?.httpGet?.path
