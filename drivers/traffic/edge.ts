import { isObject } from '../../domain/json.js'
import { failure } from '../../domain/failures.js'
import { because } from './admin-api.js'
import type { Answer, RouteMetrics, RouteSplit, TrafficPort } from './port.js'
import { sameSplit, splitText } from './same-split.js'

export interface EdgeOptions {
  /** Of the control port: `http://127.0.0.1:8090`. */
  url: string
  token: string
  timeoutMs?: number
}

type Reply = { status: 'ok'; body: unknown } | { status: 'missing' } | { status: 'refused'; reason: string }

/** The built-in gateway, by its control API (edge/control.ts). A set is proven by reading it back. */
export class EdgeTraffic implements TrafficPort {
  readonly can = { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: true, percentStep: 0.01 } as const
  readonly #url: string
  readonly #token: string
  readonly #timeoutMs: number

  constructor({ url, token, timeoutMs = 5_000 }: EdgeOptions) {
    this.#url = url.replace(/\/+$/, '')
    this.#token = token
    this.#timeoutMs = timeoutMs
  }

  async read(route: string): Promise<RouteSplit | null> {
    const body = this.#granted(route, await this.#ask('GET', routePath(route))) as RouteSplit | null
    if (body === null) return null
    const { stable, candidate, percent, sticky, listen, match, mirrorPercent } = body
    return { stable, candidate, percent, sticky, ...listen && { listen }, ...match && { match }, ...mirrorPercent !== undefined && { mirrorPercent } }
  }

  async setSplit(route: string, split: RouteSplit): Promise<Answer> {
    const { stable, candidate, percent, sticky, listen, match, mirrorPercent } = split
    const before = await this.#ask('GET', routePath(route))
    if (before.status === 'refused') return { refused: true, reason: before.reason }
    const revision = before.status === 'ok' && isObject(before.body) ? before.body['revision'] : undefined
    const reply = await this.#ask('PUT', routePath(route), { stable, candidate, percent, sticky, ...listen && { listen }, ...match && { match }, ...mirrorPercent !== undefined && { mirrorPercent } }, typeof revision === 'number' ? revision : undefined)
    if (reply.status !== 'ok') return { refused: true, reason: reply.status === 'refused' ? reply.reason : `edge has no routes at ${this.#url}` }
    const inForce = await this.read(route)
    if (inForce && sameSplit(split, inForce)) return { refused: false, split: inForce }
    return { refused: true, reason: `edge took ${splitText(split)} for ${route} but has ${splitText(inForce)} in force` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    if (snapshot) return this.setSplit(route, snapshot)
    const reply = await this.#ask('DELETE', routePath(route))
    if (reply.status === 'refused') return { refused: true, reason: reply.reason }
    const inForce = await this.read(route)
    return inForce === null ? { refused: false, split: null } : { refused: true, reason: `edge removed ${route} but has ${splitText(inForce)} in force` }
  }

  async metrics(route: string): Promise<RouteMetrics | null> {
    return this.#granted(route, await this.#ask('GET', `${routePath(route)}/metrics`)) as RouteMetrics | null
  }

  /** A route that is gone and has nothing under way is drained. */
  async drain(route: string, sideId: string): Promise<{ open: number }> {
    const body = this.#granted(route, await this.#ask('GET', `${routePath(route)}/sides/${encodeURIComponent(sideId)}`))
    return body === null ? { open: 0 } : body as { open: number }
  }

  /** A question has no way to be refused but to fail. */
  #granted(route: string, reply: Reply): unknown {
    if (reply.status === 'refused') throw failure('TARGET_REFUSED', `edge refused to tell about ${route}: ${reply.reason}`)
    if (reply.status === 'missing') return null
    if (!isObject(reply.body)) throw failure('TARGET_UNREACHABLE', `edge at ${this.#url} answered about ${route} with something else than an object`)
    return reply.body
  }

  /** @param ifRevision a change that arrives after a newer one is then refused, and asked for again by who still wants it */
  async #ask(method: string, path: string, body?: object, ifRevision?: number): Promise<Reply> {
    let status: number
    let answer: unknown
    try {
      const response = await fetch(this.#url + path, {
        method, headers: { authorization: `Bearer ${this.#token}`, ...ifRevision !== undefined && { 'if-match': `"${ifRevision}"` } }, signal: AbortSignal.timeout(this.#timeoutMs),
        ...body && { body: JSON.stringify(body) },
      })
      status = response.status
      answer = await response.json()
    } catch (error) {
      throw failure('TARGET_UNREACHABLE', `edge at ${this.#url} did not answer ${method} ${path}: ${because(error)}`)
    }
    const reason = isObject(answer) && typeof answer['message'] === 'string' ? answer['message'] : `status ${status}`
    if (status >= 500 || status === 412) throw failure('TARGET_UNREACHABLE', `edge at ${this.#url} could not do ${method} ${path}: ${reason}`)
    if (isObject(answer) && answer['code'] === 'NOT_FOUND') return { status: 'missing' }
    return status < 300 ? { status: 'ok', body: answer } : { status: 'refused', reason }
  }
}

const routePath = (route: string): string => `/routes/${encodeURIComponent(route)}`
