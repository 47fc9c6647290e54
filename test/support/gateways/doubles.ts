import { runVersion } from '../../contract/traffic-versions.js'
import { ApisixDouble } from '../../testbed/apisix-double.js'
import { ROUTE, type GatewayStand } from './stand.js'

/** As an operator does with curl. */
export async function apisixAdmin({ adminUrl, key }: ApisixDouble, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${adminUrl}/apisix/admin/${path}`, { method, headers: { 'x-api-key': key }, ...body !== undefined && { body: JSON.stringify(body) } })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

/** The route as its operator has written it. */
export const writeApisixRoute = (double: ApisixDouble, node: string): Promise<unknown> => apisixAdmin(double, 'PUT', `routes/${ROUTE}`, {
  uri: '/*', name: ROUTE, labels: { team: 'shop' }, plugins: { 'limit-count': { count: 100_000, time_window: 60, key: 'remote_addr' } },
  upstream: { type: 'roundrobin', timeout: { connect: 3, send: 15, read: 15 }, nodes: { [node]: 1 } },
})

/** The double of APISIX in front of two real versions. */
export async function apisixStand(): Promise<GatewayStand & { double: ApisixDouble }> {
  const [stable, candidate, double] = [await runVersion('one'), await runVersion('two'), await ApisixDouble.start()]
  await writeApisixRoute(double, new URL(stable.side.url).host)
  return {
    double, settings: { type: 'apisix', admin: double.adminUrl, key: double.key, metrics: double.metricsUrl }, listen: { port: double.port }, running: { stable, candidate },
    urls: { stable: stable.side.url, candidate: candidate.side.url }, configuration: () => Promise.resolve(double.stored(`/apisix/routes/${ROUTE}`)),
    async stop() { await Promise.all([double.stop(), stable.stop(), candidate.stop()]) },
  }
}
