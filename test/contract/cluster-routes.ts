import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import type { RouteKind } from '../../drivers/traffic/cluster/route-kind.js'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import type { ClusterAnswer, ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import { join } from 'node:path'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { TrafficPort } from '../../drivers/traffic/port.js'

/** The object as its operator sees it, without what the server sets. */
export async function asWritten(cluster: ClusterPort, kind: RouteKind, namespace: string, name: string): Promise<string> {
  const object = await cluster.get({ ...kind.type, namespace, name })
  return JSON.stringify([object?.['spec'], object?.metadata.annotations, object?.metadata.labels])
}

export async function must(answer: Promise<ClusterAnswer>): Promise<ClusterObject> {
  const said = await answer
  if (said.refused || said.object === null) throw new Error(said.refused ? said.reason : 'nothing came of it')
  return said.object
}

/** A cluster that says yes to every change of an object, and changes nothing. */
export function lyingCluster(cluster: ClusterPort): ClusterPort {
  return but(cluster, { replace: async (object: ClusterObject): Promise<ClusterAnswer> => ({ refused: false, object }) })
}

/** The same cluster, but for what is done otherwise. */
export const but = (cluster: ClusterPort, otherwise: Partial<ClusterPort>): ClusterPort => new Proxy(cluster, {
  get(target, name) {
    const value: unknown = Reflect.get(name in otherwise ? otherwise : target, name)
    return typeof value === 'function' ? (value as () => unknown).bind(target) : value
  },
})

/** In front of an API that is gone, and of one that takes the connection and says nothing. */
export async function unreachableRoutes(kubeconfigFile: string, kind: RouteKind): Promise<{ ports: TrafficPort[]; stop(): void }> {
  const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-kubeconfig-'))
  const text = await readFile(kubeconfigFile, 'utf8')
  const ports = await Promise.all([9, (silent.address() as AddressInfo).port].map(async (port) => {
    const file = join(folder, String(port))
    await writeFile(file, text.replace(/server: "[^"]+"/, `server: "https://127.0.0.1:${port}"`))
    return new ClusterTraffic('far', kind, new KubernetesCluster(readKubeConfig({ kubeconfigFile: file }, undefined), { timeoutMs: 300 }), { takenWithinMs: 100, settleMs: 0 })
  }))
  return { ports, stop: () => { silent.close() } }
}
