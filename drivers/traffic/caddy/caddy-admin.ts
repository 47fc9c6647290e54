import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../../../domain/json.js'
import { because } from '../admin-api.js'
import type { CaddySettings } from './settings.js'

const HANGS_UP_MS = 1000
const AGAIN_MS = 50

/** What stands in the configuration under an `@id`, and its Etag; a change that names it fails when somebody else was faster. */
export interface Found { value: JsonObject; etag: string }

/** Caddy's admin API: https://caddyserver.com/docs/api. */
export class CaddyAdmin {
  readonly #settings: CaddySettings
  readonly #who: string
  constructor(settings: CaddySettings, name: string) {
    this.#settings = settings
    this.#who = `${name} at ${new URL(settings.admin).origin}`
  }

  /** Null: nothing has that `@id`. @throws TARGET_UNREACHABLE, TARGET_REFUSED */
  async get(id: string): Promise<Found | null> {
    const { status, body, etag } = await this.#call('GET', `/id/${encodeURIComponent(id)}`)
    if (status === 404) return null
    if (status !== 200 || !isObject(body) || etag === null) throw failure('TARGET_REFUSED', `${this.#who} does not tell about ${id}: ${errorOf(body, status)}`)
    return { value: body as JsonObject, etag }
  }

  /**
   * Put another value in that place: null, or Caddy's own words when it would not. What it cannot load it does not take.
   * @throws TARGET_UNREACHABLE, also when somebody else has changed the place meanwhile: who still wants it looks again
   */
  async put(id: string, { etag }: Found, value: JsonObject): Promise<string | null> {
    const { status, body } = await this.#call('PATCH', `/id/${encodeURIComponent(id)}`, { value, etag })
    if (status === 412) throw failure('TARGET_UNREACHABLE', `${this.#who}: somebody else has changed ${id} at the same time`)
    return status === 200 ? null : errorOf(body, status)
  }

  /** Does its configuration read that file, by a placeholder? @throws TARGET_UNREACHABLE, TARGET_REFUSED */
  async readsFile(path: string): Promise<boolean> {
    const { status, body } = await this.#call('GET', '/config/')
    if (status !== 200) throw failure('TARGET_REFUSED', `${this.#who} does not tell its configuration: ${errorOf(body, status)}`)
    return JSON.stringify(body).includes(JSON.stringify(`{file.${path}}`).slice(1, -1))
  }

  /** Caddy starts its admin server anew with every change, and the old one may hang up on the next call: then once more. A change is safe to repeat, it names what it changes. */
  async #call(method: string, path: string, change?: { value: Json; etag: string }): Promise<{ status: number; body: unknown; etag: string | null }> {
    const { admin, timeoutMs } = this.#settings
    const until = Date.now() + Math.min(HANGS_UP_MS, timeoutMs)
    for (;;) {
      try {
        const response = await fetch(admin.replace(/\/+$/u, '') + path, {
          method, signal: AbortSignal.timeout(timeoutMs),
          headers: { origin: new URL(admin).origin, ...change && { 'content-type': 'application/json', 'if-match': change.etag } }, // Node's fetch says sec-fetch-mode, as browsers do: Caddy then wants an origin
          ...change && { body: JSON.stringify(change.value) },
        })
        return { status: response.status, body: jsonOr(await response.text()), etag: response.headers.get('etag') }
      } catch (error) {
        if (Date.now() >= until || (error as Error).name === 'TimeoutError') throw failure('TARGET_UNREACHABLE', `${this.#who} did not answer ${method} ${path}: ${because(error)}`)
        await delay(AGAIN_MS)
      }
    }
  }
}

function jsonOr(text: string): unknown {
  try { return JSON.parse(text) } catch { return text }
}
/** A configuration that does not load is a 500 with the loader's words. */
const errorOf = (body: unknown, status: number): string => isObject(body) && typeof body['error'] === 'string' ? body['error'] : `status ${status}`
