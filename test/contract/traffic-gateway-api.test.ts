import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { HTTP_ROUTE } from '../../drivers/traffic/cluster/http-route.js'
import type { ClusterPort } from '../../drivers/clusters/port.js'
import type { Side } from '../../drivers/traffic/port.js'
import { newNamespace, nodeAddress, openCluster, sharedCluster } from '../support/cluster.js'
import { sharedComponent } from '../support/component.js'
import { asWritten, lyingCluster, must, unreachableRoutes } from './cluster-routes.js'
import { ask, runVersion, type RunningVersion } from './traffic-versions.js'
import { trafficContract } from './traffic.js'

const ROUTE = 'shop'

/** HTTPRoutes of a real cluster, with Traefik as its gateway: https://gateway-api.sigs.k8s.io. */
trafficContract('gateway-api', { can: HTTP_ROUTE.can }, async () => {
  const kubeconfigFile = await sharedCluster()
  const cluster = openCluster(kubeconfigFile)
  const { port } = await sharedComponent('gateways', ['TESTBED_TRAEFIK_KUBE_PORT', 'TESTBED_TRAEFIK_KUBE_ADMIN_PORT'], { settings: { TESTBED_KUBE_DIR: dirname(kubeconfigFile), TESTBED_KUBE_PORT: apiPort(cluster) }, args: ['traefik-kube'] })
  const namespace = await newNamespace(cluster)
  const own = openCluster(kubeconfigFile, namespace)
  const running = { stable: await runVersion('one', 0, nodeAddress()), candidate: await runVersion('two', 0, nodeAddress()) }
  const sideOf = async (version: RunningVersion): Promise<Side> => ({ ...version.side, url: await serviceFor(own, namespace, version) })
  const [stable, candidate] = [await sideOf(running.stable), await sideOf(running.candidate)]
  await must(own.apply({
    ...HTTP_ROUTE.type, metadata: { name: ROUTE, namespace, labels: { team: 'shop' } },
    spec: { parentRefs: [{ name: 'edge', namespace: 'default' }], hostnames: ['shop.example.com'], rules: [{ backendRefs: [{ name: 'one', port: 80 }] }] },
  }))
  const listen = { port: Number(port['TESTBED_TRAEFIK_KUBE_PORT']), host: 'shop.example.com' }
  await untilAnswered(listen)
  const far = await unreachableRoutes(kubeconfigFile, HTTP_ROUTE)
  return {
    port: new ClusterTraffic('gw', HTTP_ROUTE, own, { takenWithinMs: 10_000, settleMs: 1000 }), unreachable: far.ports, stable, candidate, running,
    own: {
      route: { name: ROUTE, listen }, configuration: () => asWritten(own, HTTP_ROUTE, namespace, ROUTE), liar: new ClusterTraffic('liar', HTTP_ROUTE, lyingCluster(own), { takenWithinMs: 500, settleMs: 0 }),
      async meddle(percent) {
        const object = await own.get({ ...HTTP_ROUTE.type, namespace, name: ROUTE })
        const spec = object?.['spec'] as { rules: { backendRefs: { name: string; port: number; weight?: number }[] }[] }
        const rules = spec.rules.map((rule) => ({ ...rule, backendRefs: [{ name: 'one', port: 80, weight: 100 - percent }, { name: 'two', port: 80, weight: percent }] }))
        await must(own.patch({ ...HTTP_ROUTE.type, namespace, name: ROUTE }, { spec: { rules } }))
      },
    },
    async stop() { far.stop(); await Promise.all([running.stable.stop(), running.candidate.stop()]) },
  }
})

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
