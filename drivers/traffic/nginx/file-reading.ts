import type { RouteSplit, Side } from '../port.js'
import { addressOf, isUntouched, prefixOf } from './route-file.js'
import { stampIn } from './stamp.js'

/** The side that a route's operator has written, before any release. */
const configured = (url: string): Side => ({ id: 'configured', version: 'configured', url })

/**
 * What a route's file does. One that was edited by hand is taken at its directives, not at its word.
 * @returns null when it sets no `$releasectl_<route>` that could be understood
 */
export function splitIn(route: string, text: string): RouteSplit | null {
  const stamp = stampIn(text)
  if (stamp && isUntouched(text)) return stamp.split
  const [stable, candidate] = [urlIn(route, text, 'stable'), urlIn(route, text, 'candidate')]
  if (stamp) return { ...stamp.split, percent: percentIn(text), stable: moved(stamp.split.stable, stable), candidate: moved(stamp.split.candidate, candidate) }
  return stable === null ? null : { stable: configured(stable), candidate: null, percent: 0, sticky: null }
}

/** The upstream block of a side that is in the file already, without its head: its operator may have tuned it. */
export function blockIn(route: string, text: string, side: Side): string | null {
  const split = splitIn(route, text)
  for (const place of ['stable', 'candidate'] as const) {
    const known = split?.[place]
    if (known?.id === side.id && known.url === side.url) return upstreamIn(route, text, place)
  }
  return null
}

function percentIn(text: string): number {
  const shares = /split_clients [^{]*_split \{([^}]*)\}/u.exec(text)?.[1] ?? ''
  const share = /([\d.]+)% candidate;/u.exec(shares)?.[1]
  return share === undefined ? (/\* candidate;/u.test(shares) ? 100 : 0) : Number(share)
}

const upstreamIn = (route: string, text: string, place: string): string | null => new RegExp(`^upstream ${prefixOf(route)}_${place}\\s*\\{([^}]*)\\}`, 'mu').exec(text)?.[1] ?? null

function urlIn(route: string, text: string, place: string): string | null {
  const address = /\bserver\s+([^\s;]+)/u.exec(upstreamIn(route, text, place) ?? '')?.[1]
  return address === undefined ? null : `${text.includes(`https://${prefixOf(route)}_${place}`) ? 'https' : 'http'}://${address}`
}

/** A side whose address was changed by hand is no version that we know. */
const moved = (side: Side | null, url: string | null): Side | null =>
  url === null ? null : side && addressOf(side) === new URL(url).host ? side : { id: 'unknown', version: 'unknown', url }
