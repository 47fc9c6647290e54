import { runVersion } from '../../contract/traffic-versions.js'
import type { GatewayStand } from './stand.js'
import { ROUTE } from './stand.js'

/** The built-in gateway, which needs no settings: a route of its own, as an operator makes it by its control port. */
export async function edgeStand({ controlUrl, token, port }: { controlUrl: string; token: string; port: number }): Promise<GatewayStand> {
  const [stable, candidate] = [await runVersion('one'), await runVersion('two')]
  const control = async (method: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${controlUrl}/routes/${ROUTE}`, { method, headers: { authorization: `Bearer ${token}` }, ...body && { body: JSON.stringify(body) } })
    if (!answer.ok) throw new Error(await answer.text())
    return await answer.json() as Record<string, unknown>
  }
  await control('PUT', { stable: stable.side, candidate: null, percent: 0, sticky: null, listen: { port } })
  return {
    settings: { type: 'edge' }, listen: { port }, running: { stable, candidate }, urls: { stable: stable.side.url, candidate: candidate.side.url },
    configuration: async () => JSON.stringify({ ...await control('GET'), revision: undefined }), // which grows with every change
    async stop() { await Promise.all([stable.stop(), candidate.stop()]) },
  }
}
