import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterPort } from '../../../drivers/clusters/port.js'
import { HTTP_ROUTE } from '../../../drivers/traffic/cluster/http-route.js'
import { VIRTUAL_SERVICE } from '../../../drivers/traffic/cluster/virtual-service.js'
import { asWritten, must } from '../../contract/cluster-routes.js'
import { ask, runVersion, type RunningVersion } from '../../contract/traffic-versions.js'
import { newNamespace, nodeAddress, openCluster, sharedCluster } from '../cluster.js'
import { sharedComponent } from '../component.js'
import { ROUTE, type GatewayStand } from './stand.js'

/** A route in a namespace of its own. */
export interface ClusterStand extends GatewayStand { cluster: ClusterPort; kubeconfigFile: string; namespace: string }

/** HTTPRoutes of a real cluster, with Traefik as its gateway: https://gateway-api.sigs.k8s.io. */
export async function gatewayApiStand(): Promise<ClusterStand> {
  const { kubeconfigFile, namespace, cluster } = await place()
  const { port } = await sharedComponent('gateways', ['TESTBED_TRAEFIK_KUBE_PORT', 'TESTBED_TRAEFIK_KUBE_ADMIN_PORT'], { settings: { TESTBED_KUBE_DIR: dirname(kubeconfigFile), TESTBED_KUBE_PORT: apiPort(cluster) }, args: ['traefik-kube'] })
  const { running, urls } = await versions(cluster, namespace)
  const listen = { port: Number(port['TESTBED_TRAEFIK_KUBE_PORT']), host: `${namespace}.example.com` }
  await must(cluster.apply({
    ...HTTP_ROUTE.type, metadata: { name: ROUTE, namespace, labels: { team: 'shop' } },
    spec: { parentRefs: [{ name: 'edge', namespace: 'default' }], hostnames: [listen.host], rules: [{ backendRefs: [{ name: 'one', port: 80 }] }] },
  }))
  await untilAnswered(listen)
  return {
    cluster, kubeconfigFile, namespace, settings: { type: 'gateway-api', kubeconfigFile, namespace }, listen, running, urls, configuration: () => asWritten(cluster, HTTP_ROUTE, namespace, ROUTE),
    async stop() { await Promise.all([running.stable.stop(), running.candidate.stop()]) },
  }
}

/** VirtualServices of a real cluster, with Istio's control plane and an Envoy as its ingress gateway: https://istio.io. */
export async function istioStand(): Promise<ClusterStand> {
  const { kubeconfigFile, namespace, cluster } = await place()
  const { port } = await sharedComponent('istio', ['TESTBED_ISTIO_PORT', 'TESTBED_ISTIO_ADMIN_PORT', 'TESTBED_ISTIO_XDS_PORT+4'], { settings: { TESTBED_KUBE_DIR: dirname(kubeconfigFile) } })
  const { running, urls } = await versions(cluster, namespace)
  const listen = { port: Number(port['TESTBED_ISTIO_PORT']), host: `${namespace}.example.com` }
  await must(cluster.apply({
    ...VIRTUAL_SERVICE.type, metadata: { name: ROUTE, namespace, labels: { team: 'shop' } },
    spec: { hosts: [listen.host], gateways: ['default/edge'], http: [{ name: 'main', timeout: '5s', route: [{ destination: { host: 'one', port: { number: 80 } } }] }] },
  }))
  await untilAnswered(listen)
  return {
    cluster, kubeconfigFile, namespace, settings: { type: 'istio', kubeconfigFile, namespace, proxies: [`http://127.0.0.1:${port['TESTBED_ISTIO_ADMIN_PORT']}`] }, listen, running, urls, configuration: () => asWritten(cluster, VIRTUAL_SERVICE, namespace, ROUTE),
    async stop() { await Promise.all([running.stable.stop(), running.candidate.stop()]) },
  }
}

async function place(): Promise<Pick<ClusterStand, 'cluster' | 'kubeconfigFile' | 'namespace'>> {
  const kubeconfigFile = await sharedCluster()
  const namespace = await newNamespace(openCluster(kubeconfigFile))
  return { kubeconfigFile, namespace, cluster: openCluster(kubeconfigFile, namespace) }
}

async function versions(cluster: ClusterPort, namespace: string): Promise<Pick<ClusterStand, 'running' | 'urls'>> {
  const running = { stable: await runVersion('one', 0, nodeAddress()), candidate: await runVersion('two', 0, nodeAddress()) }
  return { running, urls: { stable: await serviceFor(cluster, namespace, running.stable), candidate: await serviceFor(cluster, namespace, running.candidate) } }
}

const apiPort = ({ name }: ClusterPort): string => /:(\d+)/.exec(name)?.[1] ?? ''

/** A Service whose only endpoint is a server of this machine. */
async function serviceFor(cluster: ClusterPort, namespace: string, { side }: RunningVersion): Promise<string> {
  const { hostname, port } = new URL(side.url)
  await must(cluster.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: side.id, namespace }, spec: { ports: [{ name: 'http', port: 80, targetPort: Number(port) }] } }))
  await must(cluster.apply({
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: side.id, namespace, labels: { 'kubernetes.io/service-name': side.id } },
    addressType: 'IPv4', endpoints: [{ addresses: [hostname], conditions: { ready: true } }], ports: [{ name: 'http', port: Number(port), protocol: 'TCP' }],
  }))
  return `http://${side.id}.${namespace}.svc:80`
}

/** The gateway has heard of the route. */
async function untilAnswered(listen: { port: number; host: string }): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await ask(listen, { headers: { host: listen.host } }).catch(() => null)
    if (answer?.status === 200) return
    await delay(100)
  }
  throw new Error(`no answer for ${listen.host} at port ${listen.port}`)
}
