import { addressOf, authorityOf, urlOf } from '../authority.js'
import type { RouteSplit, Side } from '../port.js'
import { placed, type Slots } from '../slots.js'
import { recordOf, sharesOf, type PlaceRecord } from '../two-places.js'
import type { Backend, Server } from './backend.js'
import { weightsFor } from './weights.js'

/** Who is behind a backend's two servers. */
export function splitOf({ servers, sticky }: Backend, record: PlaceRecord | null): ReturnType<typeof sharesOf> & { split: { sticky: RouteSplit['sticky'] } } {
  const [one, two] = servers.map((server) => ({ name: server.name, at: at(server), url: urlOf({ host: server.address, port: server.port, tls: server.tls }), share: server.maintained ? 0 : server.weight })) as [never, never]
  const { split, ...found } = sharesOf([one, two], record)
  const kept = record?.sticky ?? null
  return { ...found, split: { ...split, sticky: kept && kept.by === sticky?.by && kept.name === sticky.name ? kept : null } }
}

/** The servers and the record that put a split in force; or a reason in words why there are none. */
export async function serversFor({ servers, sticky }: Backend, places: Slots, last: PlaceRecord['last'], split: RouteSplit): Promise<{ servers: [Server, Server]; record: PlaceRecord } | string> {
  if (split.sticky && (split.sticky.by !== sticky?.by || split.sticky.name !== sticky.name)) {
    return `sessions are kept as the backend's configuration says, which is ${sticky ? `by ${words(sticky)}` : 'not at all'}, not by ${words(split.sticky)}`
  }
  const sides = placed(places, split)
  const weights = split.candidate === null ? { candidate: 0, stable: 1 } : split.stable === null ? { candidate: Math.ceil(split.percent / 100), stable: 0 } : weightsFor(split.percent)
  const weightOf = (side: Side | null): number => side === null ? 0 : side.id === split.candidate?.id ? weights.candidate : weights.stable
  const [one, two] = [await serverFor(servers[0], sides[0], weightOf(sides[0])), await serverFor(servers[1], sides[1], weightOf(sides[1]))]
  if (typeof one === 'string') return one
  return typeof two === 'string' ? two : { servers: [one, two], record: recordOf(split, sides, [at(one), at(two)], last) }
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
const words = ({ by, name }: { by: string; name?: string }): string => name === undefined ? by : `${by} ${name}`
