import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { VIRTUAL_SERVICE } from '../../drivers/traffic/cluster/virtual-service.js'
import { istioStand } from '../support/gateways/cluster.js'
import { ROUTE } from '../support/gateways/stand.js'
import { tellsWhoWroteBetween } from './cluster-conflicts.js'
import { lyingCluster, must, unreachableRoutes } from './cluster-routes.js'
import { trafficContract } from './traffic.js'

/** What Istio's proxies do with the objects is not shown: no requests. */
trafficContract('istio', { can: VIRTUAL_SERVICE.can, carriesTraffic: false }, async () => {
  const { cluster, kubeconfigFile, namespace, urls, configuration, stop } = await istioStand()
  const ref = { ...VIRTUAL_SERVICE.type, namespace, name: ROUTE }
  const sideOf = (id: string, url: string) => ({ id, version: `${id}.0`, url })
  const far = await unreachableRoutes(kubeconfigFile, VIRTUAL_SERVICE)
  return {
    port: new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, { takenWithinMs: 1000, settleMs: 0 }), unreachable: far.ports, stable: sideOf('one', urls.stable), candidate: sideOf('two', urls.candidate),
    own: {
      route: { name: ROUTE, listen: { port: 80 } }, configuration, liar: new ClusterTraffic('liar', VIRTUAL_SERVICE, lyingCluster(cluster), { takenWithinMs: 300, settleMs: 0 }),
      async meddle(percent) {
        const object = await cluster.get(ref)
        const spec = object?.['spec'] as { http: Record<string, unknown>[] }
        const route = [{ destination: { host: 'one', port: { number: 80 } }, weight: 100 - percent }, { destination: { host: 'two', port: { number: 80 } }, weight: percent }]
        await must(cluster.patch(ref, { spec: { http: spec.http.map((one) => ({ ...one, route })) } }))
      },
    },
    async stop() { far.stop(); await stop() },
  }
})

tellsWhoWroteBetween(VIRTUAL_SERVICE, istioStand, { status: (nth) => [{ op: 'add', path: '/status', value: { validationMessages: [], words: nth } }], spec: { hosts: ['other.example.com'] } })
