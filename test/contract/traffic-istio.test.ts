import { expect, test } from 'vitest'
import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { IstioProxies } from '../../drivers/traffic/cluster/proxies.js'
import { VIRTUAL_SERVICE } from '../../drivers/traffic/cluster/virtual-service.js'
import { istioStand } from '../support/gateways/cluster.js'
import { ROUTE } from '../support/gateways/stand.js'
import { leadsOutside } from './cluster-addresses.js'
import { tellsWhoWroteBetween } from './cluster-conflicts.js'
import { lyingCluster, must, unreachableRoutes } from './cluster-routes.js'
import { trafficContract } from './traffic.js'

const TIMES = { takenWithinMs: 10_000, settleMs: 0 }

trafficContract('istio', { can: VIRTUAL_SERVICE.can }, async () => {
  const { cluster, kubeconfigFile, namespace, listen, running, urls, settings, configuration, stop } = await istioStand()
  const ref = { ...VIRTUAL_SERVICE.type, namespace, name: ROUTE }
  const far = await unreachableRoutes(kubeconfigFile, VIRTUAL_SERVICE)
  return {
    port: new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, TIMES, new IstioProxies('mesh', settings['proxies'] as string[], 5000)), unreachable: far.ports,
    stable: { ...running.stable.side, url: urls.stable }, candidate: { ...running.candidate.side, url: urls.candidate }, running,
    own: {
      route: { name: ROUTE, listen }, configuration, liar: new ClusterTraffic('liar', VIRTUAL_SERVICE, lyingCluster(cluster), { takenWithinMs: 300, settleMs: 0 }),
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

leadsOutside(istioStand, ({ cluster, settings }) => new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, TIMES, new IstioProxies('mesh', settings['proxies'] as string[], 5000)))

test('a proxy that does not answer is no proof: the change is tried again', async () => {
  const { cluster, running, urls, stop } = await istioStand()
  const traffic = new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, TIMES, new IstioProxies('mesh', ['http://127.0.0.1:1'], 500))
  await expect(traffic.setSplit(ROUTE, { stable: { ...running.stable.side, url: urls.stable }, candidate: { ...running.candidate.side, url: urls.candidate }, percent: 10, sticky: null }))
    .rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('127.0.0.1:1') as string })
  await stop()
})

test('what Istio finds wrong with an object is a refusal in its words, and the object is as it was', async () => {
  const { cluster, namespace, running, urls, settings, configuration, stop } = await istioStand()
  await must(cluster.patch({ ...VIRTUAL_SERVICE.type, namespace, name: ROUTE }, { spec: { gateways: ['default/none'] } }))
  const before = await configuration()
  const traffic = new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, TIMES, new IstioProxies('mesh', settings['proxies'] as string[], 5000))
  expect(await traffic.setSplit(ROUTE, { stable: { ...running.stable.side, url: urls.stable }, candidate: { ...running.candidate.side, url: urls.candidate }, percent: 10, sticky: null })).toMatchObject({ refused: true, reason: expect.stringContaining('IST0101') as string })
  expect(await configuration()).toBe(before)
  await stop()
})

test('a version whose Service is not there is refused before any request goes its way', async () => {
  const { cluster, namespace, running, urls, configuration, stop } = await istioStand()
  const before = await configuration()
  const answer = await new ClusterTraffic('mesh', VIRTUAL_SERVICE, cluster, TIMES).setSplit(ROUTE, { stable: { ...running.stable.side, url: urls.stable }, candidate: { id: 'three', version: '3', url: `http://nowhere.${namespace}.svc:80` }, percent: 10, sticky: null })
  expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/there is no Service .*\/nowhere$/) as string })
  expect(await configuration()).toBe(before)
  await stop()
})
