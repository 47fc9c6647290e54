import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BUCKETS, goesToCandidate, routingBucket, routingSeed } from '../domain/routing-hash.js'
import { affinityCookie, affinityCookieName, cookieValue } from './cookie.js'
import type { LiveSide } from './live-side.js'
import type { Match, Route, Sticky } from './route.js'

/** Who answers a request, the cookie that keeps the session there, and who gets a copy. */
export interface Choice { side: LiveSide | null; cookie: string | null; copyTo: LiveSide | null }

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
  readonly #match: Match[]
  readonly #turns: Turns
  readonly #copies: Turns

  constructor(route: Route, stable: LiveSide | null, candidate: LiveSide | null) {
    this.name = route.name
    this.revision = route.revision
    this.stable = stable
    this.candidate = candidate
    this.#percent = route.percent
    this.#match = (route.match ?? []).map((one) => one.by === 'header' ? { ...one, name: one.name.toLowerCase() } : one)
    this.#turns = new Turns(route.percent)
    this.#copies = new Turns(route.mirrorPercent ?? 0)
    this.#sticky = route.sticky
    this.#header = route.sticky?.name?.toLowerCase() ?? ''
    this.#affinity = affinityCookieName(route.name)
    this.#seed = routingSeed(route.name, candidate?.side.id ?? '')
  }

  /** @param address of the client */
  choose(request: IncomingMessage, address: string): Choice {
    const { stable, candidate } = this
    if (!stable || !candidate) return { side: stable ?? candidate, cookie: null, copyTo: null }
    if (this.#match.some((one) => isMatched(one, request))) return { side: candidate, cookie: null, copyTo: null }
    if (this.#sticky === null) return this.#withCopy(this.#turns.isNext() ? candidate : stable, null)
    const known = this.#sessionKey(this.#sticky, request, address)
    const key = known ?? randomUUID()
    const side = goesToCandidate(routingBucket(this.#seed, key), this.#percent) ? candidate : stable
    return this.#withCopy(side, known === undefined ? affinityCookie(this.#affinity, key) : null)
  }

  #withCopy(side: LiveSide, cookie: string | null): Choice {
    return { side, cookie, copyTo: side === this.stable && this.#copies.isNext() ? this.candidate : null }
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

/** Smooth weighting: of any n in a row an exact percent is picked, give or take one. */
class Turns {
  readonly #part: number
  /** In hundredths of a percent of one. */
  #owed = 0
  constructor(percent: number) { this.#part = Math.round(percent * 100) }

  isNext(): boolean {
    this.#owed += this.#part
    if (this.#owed < BUCKETS) return false
    this.#owed -= BUCKETS
    return true
  }
}

const isMatched = ({ by, name, value }: Match, { headers }: IncomingMessage): boolean =>
  (by === 'header' ? headers[name]?.toString() : cookieValue(headers.cookie, name)) === value
