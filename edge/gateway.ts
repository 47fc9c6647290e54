import type { IncomingMessage, ServerResponse } from 'node:http'
import { Exchange, type Underway } from './exchange.js'
import { forwardedRequest, plainAddress } from './headers.js'
import type { LiveRoute } from './live-route.js'
import type { RouteMatcher } from './matching.js'
import { sendCopy } from './mirror.js'
import { PROBLEMS, problemBody, type ProblemCode } from './problem.js'

/** How often exchanges are looked at that may stand still. */
const WATCH_INTERVAL_MS = 250

export interface GatewayLimits { upstreamTimeoutMs: number; idleTimeoutMs: number; trustForwarded: boolean }

/** Takes each request to its version: what every port does with what it receives. */
export class Gateway {
  readonly #limits: GatewayLimits
  readonly #underway: Underway = { nowMs: performance.now(), exchanges: new Set() }

  constructor(limits: GatewayLimits) {
    this.#limits = limits
    setInterval(() => this.#checkProgress(), WATCH_INTERVAL_MS).unref()
  }

  get open(): number { return this.#underway.exchanges.size }

  handle(matcher: RouteMatcher<LiveRoute>, request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    response.on('error', ignore)
    const url = request.url ?? '/'
    if (!url.startsWith('/') && url !== '*') request.url = originForm(url)
    const route = matcher.find(request.headers.host, request.url ?? '/')
    if (!route) return answerProblem(response, 'NOT_FOUND', `no route for ${request.headers.host ?? 'no host'} ${request.url ?? ''}`)
    const peer = plainAddress(request.socket.remoteAddress)
    const { headers, hasBody } = forwardedRequest(request, peer, this.#limits.trustForwarded)
    if (!headers) return answerProblem(response, 'UPGRADE_UNSUPPORTED', `route ${route.name} does not switch protocols: ${request.headers.upgrade ?? ''}`)
    const { side, cookie, copyTo } = route.choose(request, this.#limits.trustForwarded ? lastForwarded(request) ?? peer : peer)
    if (!side) {
      route.unserved++
      return answerProblem(response, 'NO_SIDE', `route ${route.name} has no version`)
    }
    if (copyTo) sendCopy(request, copyTo, { headers, hasBody, timeoutMs: this.#limits.upstreamTimeoutMs })
    new Exchange(request, response, { side, cookie, forwarded: { headers, hasBody }, expectsContinue, underway: this.#underway })
  }

  #checkProgress(): void {
    const nowMs = this.#underway.nowMs = performance.now()
    const { upstreamTimeoutMs, idleTimeoutMs } = this.#limits
    for (const exchange of this.#underway.exchanges) exchange.checkProgress(nowMs, upstreamTimeoutMs, idleTimeoutMs)
  }
}

function answerProblem(response: ServerResponse, code: ProblemCode, message: string): void {
  const body = problemBody(code, message)
  response.writeHead(PROBLEMS[code], { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
}

/** `GET http://host/path`: a client that takes us for a forward proxy means the path. */
function originForm(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed ? parsed.pathname + parsed.search : '/'
}

/** The client as the trusted proxy in front saw it. */
const lastForwarded = (request: IncomingMessage): string | undefined => request.headers['x-forwarded-for']?.toString().split(',').at(-1)?.trim()

/** A client that left while we answered: the exchange learns of it by `close`. */
const ignore = (): void => undefined
