import { addressOf, authorityOf, urlOf } from '../authority.js'
import type { RouteSplit, Side } from '../port.js'
import { placed, type Slots } from '../slots.js'
import type { Backend, Server } from './backend.js'
import type { Record } from './record.js'
import { percentOf, weightsFor } from './weights.js'

type Shares = Pick<RouteSplit, 'stable' | 'candidate' | 'percent' | 'sticky'>

/** Who is behind a backend's two servers, by place, and in which shares. A server that the record does not know goes by its own name. */
export function splitOf({ servers, sticky }: Backend, record: Record | null): { places: Slots; last: Record['last']; split: Shares } {
  const shown = ([0, 1] as const).map((place) => {
    const [server, side] = [servers[place], record?.sides[place] ?? null]
    if (side && record?.at[place] === at(server)) return side
    return shareOf(server) > 0 ? { id: server.name, version: 'unknown', url: urlOf({ host: server.address, port: server.port, tls: server.tls }) } : null
  })
  const places: Slots = [shown[0] ?? null, shown[1] ?? null]
  const stableAt = record?.candidate != null ? record.candidate === 0 ? 1 : 0 : record ? record.sides[0] ? 0 : 1 : places[0] ? 0 : 1
  const [stable, candidate] = [places[stableAt], places[stableAt === 0 ? 1 : 0]]
  const percent = candidate ? percentOf({ stable: shareOf(servers[stableAt]), candidate: shareOf(servers[stableAt === 0 ? 1 : 0]) }) : 0
  const kept = record?.sticky ?? null
  const last: Record['last'] = [places[0]?.id ?? record?.last[0] ?? null, places[1]?.id ?? record?.last[1] ?? null]
  return { places, last, split: { stable, candidate, percent, sticky: kept && kept.by === sticky?.by && kept.name === sticky.name ? kept : null } }
}

/** The servers and the record that put a split in force; or a reason in words why there are none. */
export async function serversFor({ servers, sticky }: Backend, places: Slots, last: Record['last'], split: RouteSplit): Promise<{ servers: [Server, Server]; record: Record } | string> {
  if (split.sticky && (split.sticky.by !== sticky?.by || split.sticky.name !== sticky.name)) {
    return `sessions are kept as the backend's configuration says, which is ${sticky ? `by ${words(sticky)}` : 'not at all'}, not by ${words(split.sticky)}`
  }
  const sides = placed(places, split)
  const candidate = split.candidate === null ? null : sides[0] === split.candidate || sides[0]?.id === split.candidate.id ? 0 : 1
  const weights = split.candidate === null ? { candidate: 0, stable: 1 } : split.stable === null ? { candidate: Math.ceil(split.percent / 100), stable: 0 } : weightsFor(split.percent)
  const next = await Promise.all(([0, 1] as const).map(async (place) => serverFor(servers[place], sides[place], place === candidate ? weights.candidate : weights.stable)))
  const [one, two] = next
  if (typeof one === 'string' || one === undefined) return one ?? ''
  if (typeof two === 'string' || two === undefined) return two ?? ''
  return { servers: [one, two], record: { sides, at: [at(one), at(two)], last: [sides[0]?.id ?? last[0], sides[1]?.id ?? last[1]], candidate, sticky: split.sticky } }
}

/** One without a share is put in maintenance: weight 0 alone would go on taking the sessions it has. */
async function serverFor(server: Server, side: Side | null, weight: number): Promise<Server | string> {
  if (side === null) return { ...server, weight: 0, maintained: true }
  const wanted = authorityOf(side.url)
  if (typeof wanted === 'string') return wanted
  if (wanted.tls !== server.tls) return `server ${server.name} speaks ${server.tls ? 'TLS' : 'no TLS'} by its configuration: ${side.url} cannot be behind it`
  const address = await addressOf(wanted.host)
  return address === null ? `${wanted.host} has no address` : { ...server, address, port: wanted.port, weight, maintained: weight === 0 }
}

const at = ({ address, port }: Server): string => `${address}:${port}`
const shareOf = ({ weight, maintained }: Server): number => maintained ? 0 : weight
const words = ({ by, name }: { by: string; name?: string }): string => name === undefined ? by : `${by} ${name}`
