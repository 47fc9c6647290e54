import { STATUS_CODES, type Agent, type ClientRequest, type IncomingMessage, type OutgoingMessage, type ServerResponse } from 'node:http'
import { forwardedResponse, trailerPairs, type ForwardedRequest } from './headers.js'
import type { LiveSide } from './live-side.js'
import { PROBLEMS, problemBody, type ProblemCode } from './problem.js'

/** What may be sent again when a kept connection turned out dead (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Those under way, watched for standing still. `nowMs` is coarse: set by a timer, free to read. */
export interface Underway { nowMs: number; readonly exchanges: Set<Exchange> }
export interface ExchangeStart { side: LiveSide; cookie: string | null; forwarded: ForwardedRequest & { headers: string[] }; expectsContinue: boolean; underway: Underway }

/**
 * One request on its way to one version and the answer on its way back, both streamed: neither side is read faster than the
 * other takes it, and when one goes away the other is told.
 */
export class Exchange {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #start: ExchangeStart
  readonly #startedMs = performance.now()
  #out: ClientRequest | null = null
  #in: IncomingMessage | null = null
  /** Bytes of the answer still to come, by its Content-Length; NaN without one. */
  #remaining = NaN
  /** The outcome is counted: nothing that happens later changes it. */
  #settled = false
  #activeMs: number

  constructor(request: IncomingMessage, response: ServerResponse, start: ExchangeStart) {
    this.#request = request
    this.#response = response
    this.#start = start
    this.#activeMs = start.underway.nowMs
    start.side.load.open++
    start.underway.exchanges.add(this)
    response.on('close', () => this.#closed())
    try {
      this.#send(start.side.upstream.agent)
    } catch (error) { // what Node reads it does not always write again
      this.#fail('REQUEST_INVALID', `the request cannot be passed on: ${(error as Error).message}`)
      return
    }
    if (start.forwarded.hasBody) this.#streamBody()
    else this.#out?.end()
  }

  /** Called now and then: gives up on what has stood still for too long. */
  checkProgress(nowMs: number, upstreamTimeoutMs: number, idleTimeoutMs: number): void {
    const idleMs = nowMs - this.#activeMs
    if (this.#settled) { if (idleMs > idleTimeoutMs) this.#response.destroy() } // the client no longer reads the end
    else if (this.#in) { if (idleMs > idleTimeoutMs) this.#breakOff() }
    else if (idleMs > upstreamTimeoutMs) {
      if (this.#start.forwarded.hasBody && !this.#request.complete && !this.#start.expectsContinue) this.#fail('REQUEST_TIMEOUT', `no more of the request body came for ${upstreamTimeoutMs} ms`)
      else this.#fail('UPSTREAM_TIMEOUT', `${this.#name()} did not answer within ${upstreamTimeoutMs} ms`)
    }
  }

  #send(agent: Agent): void {
    const { side: { upstream }, forwarded, expectsContinue } = this.#start
    const out = upstream.request({ agent, method: this.#request.method ?? 'GET', path: upstream.basePath + (this.#request.url ?? '/'), headers: forwarded.headers as never })
    this.#out = out
    out.on('response', (answer) => this.#answer(answer))
    out.on('error', (error: NodeJS.ErrnoException) => this.#sendingFailed(error, out))
    if (expectsContinue) out.on('continue', () => this.#response.writeContinue())
  }

  #streamBody(): void {
    const request = this.#request
    request.on('data', (chunk: Buffer) => {
      this.#activeMs = this.#start.underway.nowMs
      const out = this.#out
      if (!out || out.destroyed || out.write(chunk)) return
      request.pause()
      out.once('drain', () => request.resume())
    })
    request.on('end', () => {
      this.#activeMs = this.#start.underway.nowMs
      if (request.rawTrailers.length > 0) this.#out?.addTrailers(trailerPairs(request.rawTrailers))
      this.#out?.end()
    })
    if (this.#out) setImmediate(flushHeaders, this.#out)
  }

  #answer(answer: IncomingMessage): void {
    if (this.#settled) return void answer.destroy()
    const response = this.#response
    try {
      if (answer.statusCode === 101) throw new Error('it switches protocols without being asked')
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', forwardedResponse(answer, this.#start.side.headers, this.#start.cookie))
    } catch (error) { // what Node reads it does not always write again
      this.#fail('UPSTREAM_UNREACHABLE', `the answer of ${this.#name()} cannot be passed on: ${(error as Error).message}`)
      return
    }
    this.#in = answer
    this.#activeMs = this.#start.underway.nowMs
    answer.on('error', () => this.#breakOff())
    const length = answer.headers['content-length']
    if (length !== undefined) this.#remaining = Number(length)
    answer.on('data', (chunk: Buffer) => this.#pass(chunk))
    answer.on('end', () => this.#ended(answer))
    setImmediate(flushHeaders, response)
  }

  #pass(chunk: Buffer): void {
    const response = this.#response
    if (this.#settled || response.destroyed) return
    this.#activeMs = this.#start.underway.nowMs
    this.#remaining -= chunk.length
    if (this.#remaining === 0) { // the last bytes and the end in one packet
      this.#settle(response.statusCode, response.statusCode >= 500)
      response.end(chunk)
    } else if (!response.write(chunk)) {
      this.#in?.pause()
      response.once('drain', () => {
        this.#activeMs = this.#start.underway.nowMs
        this.#in?.resume()
      })
    }
  }

  #ended(answer: IncomingMessage): void {
    if (this.#settled) return
    const response = this.#response
    this.#settle(response.statusCode, response.statusCode >= 500)
    if (answer.rawTrailers.length > 0) response.addTrailers(trailerPairs(answer.rawTrailers))
    response.end()
  }

  #sendingFailed(error: NodeJS.ErrnoException, out: ClientRequest): void {
    if (this.#settled || out !== this.#out) return
    if (this.#in) return this.#breakOff()
    const { forwarded, side } = this.#start
    if (out.reusedSocket && !forwarded.hasBody && IDEMPOTENT.has(this.#request.method ?? '')) {
      this.#send(side.upstream.freshAgent) // its connections are never reused: this is the one retry
      this.#out.end()
      return
    }
    this.#fail('UPSTREAM_UNREACHABLE', `${this.#name()} ${error.code === 'ECONNREFUSED' ? 'refused the connection' : `broke off before it answered (${error.code ?? error.message})`}`)
  }

  #fail(code: ProblemCode, message: string): void {
    this.#settle(PROBLEMS[code], PROBLEMS[code] >= 500)
    this.#out?.destroy()
    const body = problemBody(code, message)
    this.#response.writeHead(PROBLEMS[code], STATUS_CODES[PROBLEMS[code]] ?? '', ['Content-Type', 'application/json', 'Content-Length', String(body.length),
      ...this.#start.side.headers, ...this.#request.complete ? [] : ['Connection', 'close']])
    this.#response.end(body)
  }

  /** The answer stopped in the middle. The client must see that, so its connection breaks as well. */
  #breakOff(): void {
    if (this.#settled) return
    this.#settle(this.#response.statusCode, true)
    this.#out?.destroy()
    this.#response.destroy()
  }

  #closed(): void {
    this.#start.side.load.open--
    this.#start.underway.exchanges.delete(this)
    if (!this.#settled) this.#settle(499, false)
    if (!this.#in?.complete || !this.#out?.writableEnded) this.#out?.destroy()
    if (!this.#request.complete) this.#request.resume() // an answer that came early: what is left of the body is read and dropped
  }

  #settle(status: number, failed: boolean): void {
    this.#settled = true
    this.#start.side.counters.count(status, failed, performance.now() - this.#startedMs)
  }

  #name(): string { return `${this.#start.side.role} version ${this.#start.side.side.version}` }
}

/** Headers leave with the first bytes of the body when those came along, and alone when the body takes its time. */
function flushHeaders(message: OutgoingMessage): void {
  if (!message.writableEnded && !message.destroyed) message.flushHeaders()
}
