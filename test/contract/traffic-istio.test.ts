import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { VIRTUAL_SERVICE } from '../../drivers/traffic/cluster/virtual-service.js'
import type { ClusterPort } from '../../drivers/clusters/port.js'
import { newNamespace, openCluster, sharedCluster } from '../support/cluster.js'
import { asWritten, lyingCluster, must, unreachableRoutes } from './cluster-routes.js'
import { trafficContract } from './traffic.js'

const ROUTE = 'shop'

/** VirtualServices on a real API server. Istio itself cannot be had here: what its proxies do with them is not shown, so no requests. */
trafficContract('istio', { can: VIRTUAL_SERVICE.can, carriesTraffic: false }, async () => {
  const kubeconfigFile = await sharedCluster()
  await virtualServices(openCluster(kubeconfigFile))
  const namespace = await newNamespace(openCluster(kubeconfigFile))
  const own = openCluster(kubeconfigFile, namespace)
  const ref = { ...VIRTUAL_SERVICE.type, namespace, name: ROUTE }
  await must(own.apply({
    ...VIRTUAL_SERVICE.type, metadata: { name: ROUTE, namespace, labels: { team: 'shop' } },
    spec: { hosts: ['shop.example.com'], gateways: ['edge'], http: [{ name: 'main', timeout: '5s', route: [{ destination: { host: 'one', port: { number: 80 } } }] }] },
  }))
  const sideOf = (id: string) => ({ id, version: `${id}.0`, url: `http://${id}.${namespace}.svc:80` })
  const far = await unreachableRoutes(kubeconfigFile, VIRTUAL_SERVICE)
  return {
    port: new ClusterTraffic('mesh', VIRTUAL_SERVICE, own, { takenWithinMs: 1000, settleMs: 0 }), unreachable: far.ports, stable: sideOf('one'), candidate: sideOf('two'),
    own: {
      route: { name: ROUTE, listen: { port: 80 } }, configuration: () => asWritten(own, VIRTUAL_SERVICE, namespace, ROUTE), liar: new ClusterTraffic('liar', VIRTUAL_SERVICE, lyingCluster(own), { takenWithinMs: 300, settleMs: 0 }),
      async meddle(percent) {
        const object = await own.get(ref)
        const spec = object?.['spec'] as { http: Record<string, unknown>[] }
        const route = [{ destination: { host: 'one', port: { number: 80 } }, weight: 100 - percent }, { destination: { host: 'two', port: { number: 80 } }, weight: percent }]
        await must(own.patch(ref, { spec: { http: spec.http.map((one) => ({ ...one, route })) } }))
      },
    },
    async stop() { far.stop() },
  }
})

/** The part of Istio's own definition that the API server needs to serve them: https://istio.io/latest/docs/reference/config/networking/virtual-service/. */
async function virtualServices(cluster: ClusterPort): Promise<void> {
  await must(cluster.apply({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'virtualservices.networking.istio.io' },
    spec: {
      group: 'networking.istio.io', scope: 'Namespaced', names: { kind: 'VirtualService', listKind: 'VirtualServiceList', plural: 'virtualservices', singular: 'virtualservice', shortNames: ['vs'] },
      versions: [{
        name: 'v1', served: true, storage: true, subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
      }],
    },
  }))
  for (let tries = 0; await cluster.resource(VIRTUAL_SERVICE.type) === null; tries++) {
    if (tries > 100) throw new Error('the API server does not serve VirtualServices')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
