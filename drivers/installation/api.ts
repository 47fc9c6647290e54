import { failure, isFailureCode } from '../../domain/failures.js'
import { isObject, type JsonObject } from '../../domain/json.js'
import type { AgentSelf, InstallationPort } from './port.js'

const PATIENCE_MS = 15_000
interface LogKey { releaseId: string; job: string; attempt: number }
interface LogText { stream: string; offset: number; text: string }

/**
 * What an agent asks of the API with the token of its target: in place of the database and the key, which it has not.
 * @throws UNAVAILABLE, which is tried again, when the API does not answer; else the API's own code
 */
export class InstallationApi implements InstallationPort {
  readonly #url: string
  readonly #token: string
  constructor({ url, token }: { url: string; token: string }) {
    this.#url = url.replace(/\/+$/, '')
    this.#token = token
  }

  async self(): Promise<AgentSelf> { return await this.#ask('GET', '/agent') as unknown as AgentSelf }
  async beat(beat: { health: JsonObject; load: JsonObject; versions: JsonObject }): Promise<void> { await this.#ask('POST', '/agent/heartbeat', beat) }

  resolveSecret = async (reference: string, { releaseId }: { tenant: string; releaseId: string }): Promise<string> =>
    (await this.#ask('POST', `/agent/releases/${encodeURIComponent(releaseId)}/secrets`, { reference }))['value'] as string

  readonly logs = {
    append: async ({ releaseId, job, attempt }: LogKey, texts: LogText[]): Promise<void> => {
      await this.#ask('POST', `/agent/releases/${encodeURIComponent(releaseId)}/logs`, { job, attempt, texts })
    },
    lastOffsets: async ({ releaseId, job, attempt }: LogKey): Promise<Record<string, number>> =>
      await this.#ask('GET', `/agent/releases/${encodeURIComponent(releaseId)}/logs?${new URLSearchParams({ job, attempt: String(attempt) })}`) as Record<string, number>,
  }
  readonly bundles = {
    find: async (_tenant: string, digest: string): Promise<{ files: Record<string, string> }> => await this.#ask('GET', `/agent/bundles/${digest}`) as unknown as { files: Record<string, string> },
  }
  readonly key = {
    seal: async (text: string): Promise<string> => (await this.#ask('POST', '/agent/seal', { text }))['text'] as string,
    open: async (text: string): Promise<string> => (await this.#ask('POST', '/agent/open', { text }))['text'] as string,
  }
  readonly snapshots = {
    save: async (text: string): Promise<string> => (await this.#ask('POST', '/agent/snapshots', { text }))['digest'] as string,
    find: async (digest: string): Promise<string | null> => (await this.#ask('GET', `/agent/snapshots/${digest}`))['text'] as string | null,
  }

  async #ask(method: string, path: string, body?: object): Promise<JsonObject> {
    const response = await fetch(`${this.#url}${path}`, {
      method, signal: AbortSignal.timeout(PATIENCE_MS), ...(body && { body: JSON.stringify(body) }),
      headers: { accept: 'application/json', authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
    }).catch((error: unknown) => { throw failure('UNAVAILABLE', `the API at ${this.#url} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`) })
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return isObject(answer) ? answer as JsonObject : {}
    const code = isObject(answer) ? answer['code'] : null
    const detail = isObject(answer) && typeof answer['detail'] === 'string' ? answer['detail'] : `HTTP status ${response.status}`
    throw failure(isFailureCode(code) ? code : 'UNAVAILABLE', `the API at ${this.#url} refuses ${method} ${path.replace(/\?.*/, '')}: ${detail}`)
  }
}
