import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BUCKETS, goesToCandidate, routingBucket, routingSeed } from '../domain/routing-hash.js'
import { affinityCookie, affinityCookieName, cookieValue } from './cookie.js'
import type { LiveSide } from './live-side.js'
import type { Route, Sticky } from './route.js'

/** Who answers a request, and the cookie that keeps the session there. */
export interface Choice { side: LiveSide | null; cookie: string | null }

/** A route as requests meet it: everything that can be worked out before a request comes is. */
export class LiveRoute {
  readonly name: string
  readonly revision: number
  readonly stable: LiveSide | null
  readonly candidate: LiveSide | null
  /** Requests that found no side at all: 503. */
  unserved = 0
  readonly #percent: number
  readonly #sticky: Sticky | null
  readonly #header: string
  readonly #affinity: string
  readonly #seed: number
  /** Of the smooth weighting: what the candidate is owed, in hundredths of a percent of a request. */
  #owed = 0

  constructor(route: Route, stable: LiveSide | null, candidate: LiveSide | null) {
    this.name = route.name
    this.revision = route.revision
    this.stable = stable
    this.candidate = candidate
    this.#percent = route.percent
    this.#sticky = route.sticky
    this.#header = route.sticky?.name?.toLowerCase() ?? ''
    this.#affinity = affinityCookieName(route.name)
    this.#seed = routingSeed(route.name, candidate?.side.id ?? '')
  }

  /** @param address of the client */
  choose(request: IncomingMessage, address: string): Choice {
    const { stable, candidate } = this
    if (!stable || !candidate) return { side: stable ?? candidate, cookie: null }
    if (this.#sticky === null) return { side: this.#nextInTurn() ? candidate : stable, cookie: null }
    const known = this.#sessionKey(this.#sticky, request, address)
    const key = known ?? randomUUID()
    const side = goesToCandidate(routingBucket(this.#seed, key), this.#percent) ? candidate : stable
    return { side, cookie: known === undefined ? affinityCookie(this.#affinity, key) : null }
  }

  /** Of any n requests in a row the candidate gets its exact share, give or take one. */
  #nextInTurn(): boolean {
    this.#owed += Math.round(this.#percent * 100)
    if (this.#owed < BUCKETS) return false
    this.#owed -= BUCKETS
    return true
  }

  /** Our own cookie wins: a session must not move when the application sets its cookie later. */
  #sessionKey(sticky: Sticky, request: IncomingMessage, address: string): string | undefined {
    switch (sticky.by) {
      case 'address': return address
      case 'header': return request.headers[this.#header]?.toString() ?? address
      case 'cookie': return cookieValue(request.headers.cookie, this.#affinity) ?? cookieValue(request.headers.cookie, sticky.name ?? '')
    }
  }
}
