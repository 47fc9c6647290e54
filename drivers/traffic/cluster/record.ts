import { isObject } from '../../../domain/json.js'
import type { ClusterObject } from '../../clusters/port.js'
import type { RouteSplit, Side } from '../port.js'
import { backendOf, sameBackend, serviceUrl, type Backend } from './service-url.js'

/** On the route itself, so that whoever looks at it, and a worker that starts anew, knows who is who. */
export const RECORD = 'releasectl.dev/split'
/** `left`: who had a share before, and may still have requests under way. */
export interface Record { stable: Side | null; candidate: Side | null; left: Side | null }

/** What the route's annotation says of its sides; null: nobody has set it yet. */
export function recordOf({ metadata }: ClusterObject): Record | null {
  const text = metadata.annotations?.[RECORD]
  if (text === undefined) return null
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? { stable: sideOf(value['stable']), candidate: sideOf(value['candidate']), left: sideOf(value['left']) } : null
  } catch { return null }
}

export const recordText = ({ stable, candidate, left }: Record): string => JSON.stringify({ stable, candidate, ...left && { left } })

/** A share of a route's requests. */
export interface Weighted { backend: Backend; weight: number }

/**
 * Who has what share, of a route in namespace `home`. A backend that no record names was put there by somebody else: it is its own side, called by its Service.
 */
export function sidesOf(shares: Weighted[], record: Record | null, home: string): Pick<RouteSplit, 'stable' | 'candidate' | 'percent'> {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0)
  const percentOf = (weight: number): number => total === 0 ? 0 : Math.round(weight / total * 10_000) / 100
  const known = (side: Side | null | undefined): boolean => side !== null && side !== undefined && shares.some(({ backend }) => sameBackend(backend, backendOf(side, home)))
  const [stable, candidate] = [known(record?.stable) ? record?.stable ?? null : null, known(record?.candidate) ? record?.candidate ?? null : null]
  const others = shares.filter(({ backend }) => ![stable, candidate].some((side) => side !== null && sameBackend(backend, backendOf(side, home))))
  const foreign = others.map(({ backend }): Side => ({ id: `service:${backend.service}`, version: backend.service, url: serviceUrl(backend) }))
  const first = stable ?? foreign.shift() ?? null
  const second = candidate ?? foreign.shift() ?? null
  const weight = shares.filter(({ backend }) => second !== null && sameBackend(backend, backendOf(second, home))).reduce((sum, share) => sum + share.weight, 0)
  return { stable: first, candidate: second, percent: second === null ? 0 : percentOf(weight) }
}

function sideOf(value: unknown): Side | null {
  if (!isObject(value)) return null
  const { id, version, url } = value
  return typeof id === 'string' && typeof version === 'string' && typeof url === 'string' ? { id, version, url } : null
}
