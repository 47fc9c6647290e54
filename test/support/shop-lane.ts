import { fileURLToPath } from 'node:url'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Embedded } from '../../embedded/start.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'

/** Where the demo's service lies. */
export const SHOP = fileURLToPath(new URL('../../examples/shop', import.meta.url))

/** What is in force for a route, asked of edge itself. Null: it has no such route. */
export async function edgeRoute({ urls, home }: Embedded, route: string): Promise<RouteSplit | null> {
  const token = readFileSync(join(home, 'edge-token'), 'utf8').trim()
  const answer = await fetch(`${urls.edgeControl}/routes/${encodeURIComponent(route)}`, { headers: { authorization: `Bearer ${token}` } })
  return answer.status === 404 ? null : await answer.json() as RouteSplit
}
