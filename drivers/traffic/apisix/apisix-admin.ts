import { failure } from '../../../domain/failures.js'
import { isObject, type JsonObject } from '../../../domain/json.js'
import { callAdmin, type Reply } from '../admin-api.js'
import type { ApisixSettings } from './settings.js'

/** APISIX's Admin API: https://apisix.apache.org/docs/apisix/admin-api/. It writes without a condition, so who sets reads before and after. */
export class ApisixAdmin {
  readonly #settings: ApisixSettings
  readonly #who: string
  constructor(settings: ApisixSettings, name: string) {
    this.#settings = settings
    this.#who = `${name} at ${new URL(settings.admin).origin}`
  }

  /** Null: it has no such thing. @throws TARGET_UNREACHABLE, TARGET_REFUSED on a wrong key */
  async get(kind: 'routes' | 'upstreams', id: string): Promise<JsonObject | null> {
    const reply = await this.#call('GET', kind, id)
    if (reply.status === 404) return null
    const value = valueOf(reply)
    if (reply.status !== 200 || value === null) throw failure('TARGET_REFUSED', `${this.#who} does not tell about ${kind}/${id}: ${reasonOf(reply)}`)
    return value
  }

  /** The whole route, every field of it. Null, or APISIX's own words when it would not. @throws TARGET_UNREACHABLE */
  async putRoute(id: string, route: JsonObject): Promise<string | null> {
    const reply = await this.#call('PUT', 'routes', id, route)
    return reply.status === 200 || reply.status === 201 ? null : reasonOf(reply)
  }

  async #call(method: string, kind: string, id: string, body?: JsonObject): Promise<Reply> {
    const { admin, key, timeoutMs } = this.#settings
    return callAdmin(this.#who, `${admin.replace(/\/+$/u, '')}/apisix/admin/${kind}/${encodeURIComponent(id)}`, {
      method, timeoutMs, headers: { 'x-api-key': key, ...body && { 'content-type': 'application/json' } }, ...body && { body: JSON.stringify(body) },
    })
  }
}

function bodyOf({ text }: Reply): unknown {
  try { return JSON.parse(text) } catch { return null }
}

/** Version 3 answers `{ key, value }`, version 2 `{ node: { key, value } }`. */
function valueOf(reply: Reply): JsonObject | null {
  const body = bodyOf(reply)
  const holder = isObject(body) && isObject(body['node']) ? body['node'] : body
  return isObject(holder) && isObject(holder['value']) ? holder['value'] as JsonObject : null
}

function reasonOf(reply: Reply): string {
  const body = bodyOf(reply)
  const words = isObject(body) ? [body['error_msg'], body['description'], body['message']].filter((word) => typeof word === 'string') : []
  return words.length > 0 ? words.join(': ') : `status ${reply.status}`
}
