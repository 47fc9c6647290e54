import { failure } from '../domain/failures.js'
import { problemOf } from './problem.js'
import type { CliSettings } from './settings.js'

export interface Request { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; body?: unknown; headers?: Record<string, string> }

/** HTTP to the API with this person's token. A far side that says no is a failure of the code it names. */
export class ApiClient {
  readonly #settings: CliSettings
  readonly #log: (text: string) => void
  constructor(settings: CliSettings, log: (text: string) => void) {
    this.#settings = settings
    this.#log = log
  }

  async get<Answer>(path: string): Promise<Answer> { return this.#json<Answer>({ method: 'GET', path }) }
  async post<Answer>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> { return this.#json<Answer>({ method: 'POST', path, body, headers }) }
  async put<Answer>(path: string, body: unknown): Promise<Answer> { return this.#json<Answer>({ method: 'PUT', path, body }) }
  async delete<Answer>(path: string): Promise<Answer> { return this.#json<Answer>({ method: 'DELETE', path }) }

  /** The answer as it comes, once its status is good. @throws UNAVAILABLE when nobody answers; the API's own code otherwise */
  async open(request: Request, signal?: AbortSignal): Promise<Response> {
    const response = await this.look(request, signal)
    if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null), `${request.method} ${request.path}`)
    return response
  }

  /** The answer whatever its status. @throws UNAVAILABLE when nobody answers */
  async look({ method, path, body, headers }: Request, signal?: AbortSignal): Promise<Response> {
    const { url, token, tenant, verbose, debug } = this.#settings
    if (url === null) throw failure('UNAVAILABLE', NO_SERVER)
    const address = `${url}${path}`
    if (verbose || debug) this.#log(`> ${method} ${address}`)
    const startedMs = performance.now()
    const response = await fetch(address, {
      method, signal: signal ?? null,
      headers: {
        accept: 'application/json', ...headers, ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(tenant !== null && { 'x-tenant-slug': tenant }), ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => { throw unreachable(url, error) })
    if (debug) this.#log(`< ${response.status} ${response.headers.get('content-type') ?? ''} after ${Math.round(performance.now() - startedMs)} ms`)
    return response
  }

  async #json<Answer>(request: Request): Promise<Answer> {
    const response = await this.open(request)
    const text = await response.text()
    if (text === '') return null as Answer
    try { return JSON.parse(text) as Answer } catch {
      throw failure('UNAVAILABLE', `${request.method} ${request.path} did not answer JSON: is ${this.#settings.url ?? ''} the releasectl API?`)
    }
  }
}

const NO_SERVER = `no server: none is running in this folder or above, and none is named
start one with \`releasectl server\` (or \`npm start\`), or name one: --url, RELEASECTL_URL, url in ~/.releasectl.yaml`

function unreachable(url: string, error: unknown): Error {
  if (error instanceof Error && error.name === 'AbortError') return error
  const cause = error instanceof Error && error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code ?? error.cause.message : String(error)
  return failure('UNAVAILABLE', `${url} does not answer: ${cause}\nis the server up? \`releasectl server\` starts one here; \`releasectl doctor\` looks closer`)
}
