import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { KubeConfig } from '@kubernetes/client-node'
import { failure } from '../../domain/failures.js'

/** What Node says when a certificate is not one to trust: asking again will not help. */
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|ERR_TLS|EPROTO|ERR_SSL/u
/** Server-side apply answers a field that the kind does not have with status 500 and these words: a no, not an outage. */
const UNKNOWN_FIELD = /failed to create typed patch object/u
/** Statuses that say "not now". */
const LATER = [408, 429]

export interface Asked {
  query?: Record<string, string | undefined>
  body?: unknown
  contentType?: string
  /** Until the answer is complete. */
  timeoutMs?: number
  signal?: AbortSignal
  /** A status that says "not now" is an answer too. */
  anyStatus?: boolean
}
export interface Said { status: number; body: Record<string, unknown>; text: string }

/** HTTP to one API server as one user. What kubeconfigs say about certificates, tokens, proxies and log-in programs, client-node reads. */
export class KubeConnection {
  readonly name: string
  readonly #config: KubeConfig
  readonly #server: URL
  readonly #timeoutMs: number
  #agent: { key: string; agent: Agent } | null = null

  constructor(config: KubeConfig, { timeoutMs = 30_000 }: { timeoutMs?: number } = {}) {
    const cluster = config.getCurrentCluster()
    this.#config = config
    this.#server = new URL(cluster?.server ?? '')
    this.name = `cluster ${config.getCurrentContext()} (${this.#server.origin})`
    this.#timeoutMs = timeoutMs
  }

  /** @throws TARGET_UNREACHABLE no answer, 5xx, "later"; TARGET_REFUSED a certificate that is not trusted */
  async ask(method: string, path: string, { query = {}, body, contentType = 'application/json', timeoutMs = this.#timeoutMs, signal, anyStatus = false }: Asked = {}): Promise<Said> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const until = signal ? AbortSignal.any([signal, timeout]) : timeout
    const { status, text: answer } = await this.#guarded(`${method} ${path}`, timeout, timeoutMs, signal, async () => {
      const response = await this.#send(method, path, { query, body, contentType, signal: until })
      return { status: response.statusCode ?? 0, text: await text(response) }
    })
    const parsed = asObject(answer)
    if (!anyStatus && !UNKNOWN_FIELD.test(answer) && (status >= 500 || LATER.includes(status))) throw failure('TARGET_UNREACHABLE', `${this.name} answered ${method} ${path} with ${status}: ${messageOf(parsed, answer)}`)
    return { status, body: parsed, text: answer }
  }

  /** Each line of an answer that goes on: a watch. Ends when the server, `signal` or the time ends it. */
  async *lines(path: string, query: Record<string, string | undefined>, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): AsyncGenerator<Record<string, unknown>> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const until = signal ? AbortSignal.any([signal, timeout]) : timeout
    const response = await this.#guarded(`GET ${path}`, timeout, timeoutMs, signal, async () => this.#send('GET', path, { query, body: undefined, contentType: '', signal: until })
      .catch((error: unknown) => { if (timeout.aborted) return null; throw error }))
    if (response === null) return // a busy server has not begun to answer: nothing was seen
    let rest = ''
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield asObject(line)
      }
    } catch (error) {
      if (signal?.aborted === true) throw error // what breaks off otherwise has ended: who waits looks again
    } finally { response.destroy() }
  }

  async #send(method: string, path: string, { query, body, contentType, signal }: Required<Pick<Asked, 'query' | 'contentType'>> & { body: unknown; signal: AbortSignal }): Promise<IncomingMessage> {
    const url = new URL(`${this.#server.pathname.replace(/\/+$/u, '')}${path}`, this.#server)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
    const content = body === undefined ? undefined : JSON.stringify(body)
    const options: RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options)
    const request = url.protocol === 'http:' ? httpRequest : httpsRequest
    return new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(url, {
        method, signal, agent: this.#kept(options), ...options.auth != null && { auth: options.auth },
        headers: { ...options.headers as Record<string, string>, accept: 'application/json', ...content !== undefined && { 'content-type': contentType, 'content-length': String(Buffer.byteLength(content)) } },
      }, resolve)
      call.on('error', reject)
      call.end(content)
    })
  }

  /** client-node makes an agent for each call; connections are kept as long as who we are stays the same. */
  #kept(options: RequestOptions): Agent {
    const made = options.agent as Agent
    if (made.constructor !== Agent) return made // a proxy's
    const { ca, cert, key, servername, rejectUnauthorized } = options
    const identity = JSON.stringify([ca, cert, key, servername, rejectUnauthorized])
    if (this.#agent?.key !== identity) this.#agent = { key: identity, agent: new Agent({ ...made.options, keepAlive: true, maxSockets: 16, scheduling: 'lifo' }) }
    return this.#agent.agent
  }

  async #guarded<Result>(what: string, timeout: AbortSignal, timeoutMs: number, signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    try { return await work() } catch (error) {
      signal?.throwIfAborted()
      if (timeout.aborted) throw failure('TARGET_UNREACHABLE', `${this.name}: no answer to ${what} within ${timeoutMs} ms`)
      const { code = '', message } = error as NodeJS.ErrnoException
      if (NOT_TRUSTED.test(code)) throw failure('TARGET_REFUSED', `${this.name}: its certificate is not one that the kubeconfig trusts: ${message}`)
      throw failure('TARGET_UNREACHABLE', `${this.name}: no answer to ${what}: ${message || code}`)
    }
  }
}

/** What is no object (a plain text, a log) is read as an empty one. */
function asObject(answer: string): Record<string, unknown> {
  if (!answer.startsWith('{')) return {}
  try { return JSON.parse(answer) as Record<string, unknown> } catch { return {} }
}
const messageOf = ({ message }: Record<string, unknown>, answer: string): string => typeof message === 'string' ? message : answer.slice(0, 200) || 'nothing'
