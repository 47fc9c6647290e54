import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Docker from 'dockerode'
import { engineFailure, statusOf } from './engine-failure.js'
import type { RegistryLogin } from './port.js'

const FINE = Object.fromEntries([200, 201, 204, 304].map((status) => [status, true]))

export interface ApiCall {
  /** For messages: what the engine could not do. */
  doing: string
  query?: Record<string, unknown>
  body?: unknown
  login?: RegistryLogin | null
  signal?: AbortSignal | undefined
  /** Until it answers. */
  timeoutMs?: number
}

/** Calls of the Docker Engine API (v1.41 and later) over dockerode's connection. Every failure names the engine and what was tried. */
export class DockerApi {
  readonly where: string
  readonly #modem: Modem
  readonly #callMs: number
  /** @param callMs until a call is answered that says nothing else */
  constructor(options: Docker.DockerOptions, where: string, callMs: number) {
    this.where = where
    this.#callMs = callMs
    this.#modem = new Docker(options).modem as unknown as Modem
  }

  /** @throws TARGET_REFUSED, TARGET_UNREACHABLE; what `signal` was aborted with */
  async call<Answer>(method: string, path: string, call: ApiCall): Promise<Answer> { return await this.find(method, path, call, []) as Answer }

  /** The same where a status (404: no such thing) is an answer: null. */
  async find<Answer>(method: string, path: string, { doing, timeoutMs = this.#callMs, ...call }: ApiCall, nos = [404]): Promise<Answer | null> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const body = await text(await this.#dial(method, path, { ...call, signal: call.signal ? AbortSignal.any([timeout, call.signal]) : timeout }))
      return body === '' ? null : JSON.parse(body) as Answer
    } catch (error) {
      call.signal?.throwIfAborted()
      if (nos.includes(statusOf(error) ?? 0)) return null
      throw engineFailure(error, this.where, doing, timeout.aborted ? timeoutMs : null)
    }
  }

  /** An answer that goes on. The caller reads it in `for await` and passes what that throws to `lost`. */
  async stream(method: string, path: string, { doing, timeoutMs = this.#callMs, ...call }: ApiCall): Promise<Readable> {
    const late = new AbortController()
    const timer = setTimeout(() => { late.abort() }, timeoutMs)
    try {
      return await this.#dial(method, path, { ...call, signal: call.signal ? AbortSignal.any([late.signal, call.signal]) : late.signal })
    } catch (error) {
      call.signal?.throwIfAborted()
      throw engineFailure(error, this.where, doing, late.signal.aborted ? timeoutMs : null)
    } finally { clearTimeout(timer) }
  }

  /** What an answer that broke off means. */
  lost(error: unknown, doing: string): Error { return engineFailure(error, this.where, doing) }

  async #dial(method: string, path: string, { query = {}, body, login, signal }: Omit<ApiCall, 'doing'>): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.#modem.dial({
        method, path: `${path}?`, isStream: true, statusCodes: FINE, abortSignal: signal, options: { _query: query, _body: body ?? {} },
        ...login && { authconfig: { username: login.username, password: login.password } },
      }, (error, answer) => { if (error) reject(error); else resolve(answer) })
    })
  }
}

interface Modem { dial(options: Record<string, unknown>, done: (error: Error | null, answer: Readable) => void): void }
