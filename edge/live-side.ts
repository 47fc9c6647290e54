import { Counters } from './counters.js'
import { RELEASE_HEADER, VERSION_HEADER } from './headers.js'
import type { Side } from './route.js'
import { Upstream } from './upstream.js'

export type Role = 'stable' | 'candidate'

/** Requests under way on one version behind one route, whatever role it has or had. */
export interface Load { open: number }

/** A version behind a route as requests meet it. */
export interface LiveSide {
  role: Role
  side: Side
  upstream: Upstream
  counters: Counters
  load: Load
  /** Flat list: tells the client who answered. */
  headers: readonly string[]
}

/** Former sides of a route whose counters are still shown. */
const KEPT_SIDES = 16

/**
 * What of a version must outlive a change of its route: counters by (route, role, release), open requests by (route, release),
 * connections by URL.
 */
export class Sides {
  readonly #counters = new Map<string, Map<string, { role: Role; side: Side; counters: Counters }>>()
  readonly #loads = new Map<string, Load>()
  readonly #upstreams = new Map<string, Upstream>()

  live(route: string, role: Role, side: Side | null): LiveSide | null {
    if (!side) return null
    const headers = [VERSION_HEADER, headerText(side.version), RELEASE_HEADER, headerText(side.id)]
    return { role, side, headers, upstream: this.#upstream(side.url), counters: this.#countersOf(route, role, side), load: this.#load(route, side.id) }
  }

  /** Every series of a route, the newest last. */
  series(route: string): Iterable<{ role: Role; side: Side; counters: Counters }> {
    return this.#counters.get(route)?.values() ?? []
  }

  /** Requests still under way on a side, also one that its route no longer has. */
  open(route: string, sideId: string): number { return this.#loads.get(loadKey(route, sideId))?.open ?? 0 }

  /** Forget what no route needs: URLs not in `urls` (their idle connections close by themselves) and counters of other routes. */
  prune(routes: Set<string>, urls: Set<string>): void {
    for (const url of this.#upstreams.keys()) if (!urls.has(url)) this.#upstreams.delete(url)
    for (const route of this.#counters.keys()) if (!routes.has(route)) this.#counters.delete(route)
    for (const [key, load] of this.#loads) if (load.open === 0 && !routes.has(key.slice(0, key.indexOf('\0')))) this.#loads.delete(key)
  }

  #upstream(url: string): Upstream {
    const upstream = this.#upstreams.get(url) ?? new Upstream(url)
    this.#upstreams.set(url, upstream)
    return upstream
  }

  #load(route: string, sideId: string): Load {
    const load = this.#loads.get(loadKey(route, sideId)) ?? { open: 0 }
    this.#loads.set(loadKey(route, sideId), load)
    return load
  }

  #countersOf(route: string, role: Role, side: Side): Counters {
    const ofRoute = this.#counters.get(route) ?? new Map<string, { role: Role; side: Side; counters: Counters }>()
    this.#counters.set(route, ofRoute)
    const key = JSON.stringify([role, side.id, side.version])
    const entry = ofRoute.get(key) ?? { role, side, counters: new Counters() }
    ofRoute.delete(key) // set again below: the newest last
    ofRoute.set(key, entry)
    for (const oldest of ofRoute.keys()) {
      if (ofRoute.size <= KEPT_SIDES) break
      ofRoute.delete(oldest)
    }
    return entry.counters
  }
}

const loadKey = (route: string, sideId: string): string => `${route}\0${sideId}`
/** Header values are ASCII; a version or id need not be. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/gu, encodeURIComponent)
