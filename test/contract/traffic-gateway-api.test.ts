import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { HTTP_ROUTE } from '../../drivers/traffic/cluster/http-route.js'
import { expect, test } from 'vitest'
import { gatewayApiStand } from '../support/gateways/cluster.js'
import { ROUTE } from '../support/gateways/stand.js'
import { leadsOutside } from './cluster-addresses.js'
import { tellsWhoWroteBetween } from './cluster-conflicts.js'
import { lyingCluster, must, unreachableRoutes } from './cluster-routes.js'
import { trafficContract } from './traffic.js'

const AT_ONCE = { takenWithinMs: 10_000, settleMs: 0 }

trafficContract('gateway-api', { can: HTTP_ROUTE.can }, async () => {
  const { cluster, kubeconfigFile, namespace, listen, running, urls, configuration, stop } = await gatewayApiStand()
  const far = await unreachableRoutes(kubeconfigFile, HTTP_ROUTE)
  return {
    port: new ClusterTraffic('gw', HTTP_ROUTE, cluster, { takenWithinMs: 10_000, settleMs: 1500 }), unreachable: far.ports,
    stable: { ...running.stable.side, url: urls.stable }, candidate: { ...running.candidate.side, url: urls.candidate }, running,
    own: {
      route: { name: ROUTE, listen }, configuration, liar: new ClusterTraffic('liar', HTTP_ROUTE, lyingCluster(cluster), { takenWithinMs: 500, settleMs: 0 }),
      async meddle(percent) {
        const object = await cluster.get({ ...HTTP_ROUTE.type, namespace, name: ROUTE })
        const spec = object?.['spec'] as { rules: { backendRefs: { name: string; port: number; weight?: number }[] }[] }
        const rules = spec.rules.map((rule) => ({ ...rule, backendRefs: [{ name: 'one', port: 80, weight: 100 - percent }, { name: 'two', port: 80, weight: percent }] }))
        await must(cluster.patch({ ...HTTP_ROUTE.type, namespace, name: ROUTE }, { spec: { rules } }))
      },
    },
    async stop() { far.stop(); await stop() },
  }
})

tellsWhoWroteBetween(HTTP_ROUTE, gatewayApiStand, {
  status: (nth) => [{ op: 'replace', path: '/status/parents/0/conditions/0/message', value: `word ${nth}` }], spec: { hostnames: ['other.example.com'] },
})

leadsOutside(gatewayApiStand, ({ cluster }) => new ClusterTraffic('gw', HTTP_ROUTE, cluster, { takenWithinMs: 10_000, settleMs: 1500 }))

test('a side answers while its Service has a ready endpoint, as nobody outside the cluster can ask it', async () => {
  const { cluster, namespace, urls, stop } = await gatewayApiStand()
  const traffic = new ClusterTraffic('gw', HTTP_ROUTE, cluster, AT_ONCE)
  const side = (url: string) => ({ id: 'r-1', version: '1', url })
  expect(await traffic.answers(side(urls.stable))).toBeNull()
  const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', name: 'one', namespace }
  const [endpoint] = (await cluster.get(slice))?.['endpoints'] as object[]
  await must(cluster.patch(slice, { endpoints: [{ ...endpoint, conditions: { ready: false } }] }))
  expect(await traffic.answers(side(urls.stable))).toBe(`Service ${namespace}/one has no ready endpoint`)
  expect(await traffic.answers(side(`http://none.${namespace}.svc:80`))).toBe(`Service ${namespace}/none has no ready endpoint`)
  expect(await traffic.answers(side('http://web.example.com'))).toMatch(/is neither a Service of the cluster .* nor an address/)
  await stop()
})
