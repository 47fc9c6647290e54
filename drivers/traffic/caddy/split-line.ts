import { isObject } from '../../../domain/json.js'
import { authorityOf } from '../authority.js'
import type { RouteSplit, Side } from '../port.js'

const ALL = 2 ** 32
/** No UUID begins so: greater than any of them. */
const EVERY = 'g'
const NOBODY = '-'

/**
 * A route's file: `<share> <stable> <candidate> <who is who>`. A request goes to the candidate when its UUID (version 4, so its first 32
 * bits are random) is less than the share, as text.
 */
export function splitLine({ stable, candidate, percent }: RouteSplit): string {
  const share = candidate === null ? 0 : stable === null ? 100 : percent
  const edge = Math.round(ALL * Math.round(share * 100) / 10_000)
  return `${edge >= ALL ? EVERY : edge.toString(16).padStart(8, '0')} ${addressOf(stable)} ${addressOf(candidate)} ${JSON.stringify({ stable, candidate })}\n`
}

/** What a file says; null: it says nothing Caddy could use. A side that another hand has moved goes by no name. */
export function splitIn(text: string): RouteSplit | null {
  const [, share = '', first = '', second = '', told = ''] = /^([0-9a-f]{1,8}|g)\s(\S+)\s(\S+)(.*)/u.exec(text) ?? []
  if (share === '') return null
  const edge = share === EVERY ? ALL : parseInt(share.padEnd(8, '0'), 16)
  const [stable, candidate] = [sideAt(first, told, 'stable'), sideAt(second, told, 'candidate')]
  return { stable, candidate, percent: candidate === null ? 0 : Math.round(10_000 * edge / ALL) / 100, sticky: null }
}

function sideAt(address: string, told: string, place: 'stable' | 'candidate'): Side | null {
  if (address === NOBODY) return null
  const side = recorded(told)[place] as Side | null | undefined
  if (side && addressOf(side) === address) return side
  const by = told.trim() === '' ? 'configured' : 'unknown'
  return { id: by, version: by, url: `http://${address}` }
}

function recorded(text: string): Record<string, unknown> {
  try {
    const told: unknown = JSON.parse(text)
    return isObject(told) ? told : {}
  } catch { return {} }
}

function addressOf(side: Side | null): string {
  const where = side && authorityOf(side.url)
  return where === null || typeof where === 'string' ? NOBODY : `${where.host.includes(':') ? `[${where.host}]` : where.host}:${where.port}`
}
