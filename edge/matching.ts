import type { Listen } from './route.js'

interface Entry<Target> { path: string; target: Target }

/** Tells the routes of one port apart: the host first (a route without one takes what is left), then the longest path prefix. */
export class RouteMatcher<Target> {
  readonly #byHost = new Map<string, Entry<Target>[]>()
  readonly #anyHost: Entry<Target>[] = []
  /** The one route there is, when it takes every request: the usual case, answered without looking at the request. */
  readonly #only: Target | null

  constructor(routes: { listen: Listen; target: Target }[]) {
    for (const { listen, target } of routes) this.#entriesOf(listen.host).push({ path: prefixOf(listen), target })
    for (const entries of [this.#anyHost, ...this.#byHost.values()]) entries.sort((a, b) => b.path.length - a.path.length)
    const [only] = routes
    this.#only = routes.length === 1 && only && only.listen.host === undefined && prefixOf(only.listen) === '' ? only.target : null
  }

  find(host: string | undefined, url: string): Target | null {
    if (this.#only !== null) return this.#only
    const named = this.#byHost.size > 0 && host !== undefined ? this.#byHost.get(hostName(host)) : undefined
    return (named && longest(named, url)) ?? longest(this.#anyHost, url)
  }

  #entriesOf(host: string | undefined): Entry<Target>[] {
    if (host === undefined) return this.#anyHost
    const entries = this.#byHost.get(host.toLowerCase()) ?? []
    this.#byHost.set(host.toLowerCase(), entries)
    return entries
  }
}

/** Would two routes get the same requests? */
export const sameListen = (a: Listen, b: Listen): boolean =>
  a.port === b.port && a.host?.toLowerCase() === b.host?.toLowerCase() && prefixOf(a) === prefixOf(b)

/** `/api/` and `/api` are one prefix; `/` is none. */
const prefixOf = (listen: Listen): string => (listen.path ?? '').replace(/\/+$/, '')
const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase()

/** `/api` takes `/api`, `/api/…` and `/api?…`, not `/apis`. */
function longest<Target>(entries: Entry<Target>[], url: string): Target | null {
  for (const { path, target } of entries) {
    if (!url.startsWith(path)) continue
    const next = url.charAt(path.length)
    if (path === '' || next === '' || next === '/' || next === '?') return target
  }
  return null
}
