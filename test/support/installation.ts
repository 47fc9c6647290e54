import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../embedded/ports.js'
import { startEmbedded, type Embedded } from '../../embedded/start.js'
import { isEnding, type ReleaseEvent, type ReleaseView } from '../../domain/release.js'

export interface ReleaseRequest { planText: string; project: string; version: string; variables?: Record<string, string>; env?: Record<string, string>; options?: Record<string, boolean>; files?: Record<string, string> }

/** A whole releasectl of its own: every part a real process, in a folder that goes away. */
export class Installation {
  readonly embedded: Embedded
  readonly folder: string
  readonly #token: string
  private constructor(embedded: Embedded, folder: string) {
    this.embedded = embedded
    this.folder = folder
    this.#token = readFileSync(embedded.tokenFile, 'utf8').trim()
  }

  static async start(environment: Record<string, string> = {}): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), 'releasectl-e2e-'))
    chmodSync(folder, 0o711) // else root's PostgreSQL, which runs as another user, would keep its data elsewhere, and it would stay
    return new Installation(await startEmbedded({ home: join(folder, 'home'), ports: await freePorts(), environment }), folder)
  }

  /** The services that releases started outlive the installation by design; a test ends them by their own pid files. */
  async stop(): Promise<void> {
    await this.embedded.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** One call; parts that are being killed are asked again until they answer. */
  async call<T = Record<string, unknown>>(method: string, path: string, body?: object, { token = this.#token, key, patience = 60_000 }: { token?: string; key?: string; patience?: number } = {}): Promise<T> {
    for (const until = Date.now() + patience; ;) {
      try {
        const answer = await fetch(`${this.embedded.urls.api}${path}`, {
          method, signal: AbortSignal.timeout(20_000),
          headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }), ...(key !== undefined && { 'idempotency-key': key }) },
          ...(body && { body: JSON.stringify(body) }),
        })
        const text = await answer.text()
        if (answer.ok) return (text === '' ? {} : JSON.parse(text)) as T
        if (answer.status < 500 || Date.now() > until) throw new ApiError(answer.status, `${method} ${path}: ${answer.status} ${text}`)
      } catch (error) { if (error instanceof ApiError || Date.now() > until) throw error }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async release({ planText, ...request }: ReleaseRequest, key: string): Promise<string> {
    const { files = {}, ...rest } = request
    const answer = await this.call<{ id: string }>('POST', '/releases', { entry: 'plan.yaml', files: { ...files, 'plan.yaml': planText }, environment: 'test', ...rest }, { key })
    return answer.id
  }

  view(id: string): Promise<ReleaseView> { return this.call<ReleaseView>('GET', `/releases/${id}`) }

  async ended(id: string, patience = 180_000): Promise<ReleaseView> { return this.until(id, ({ status }) => isEnding(status), patience) }

  async until(id: string, what: (view: ReleaseView) => boolean, patience = 60_000): Promise<ReleaseView> {
    for (const until = Date.now() + patience; ;) {
      const view = await this.view(id)
      if (what(view)) return view
      if (Date.now() > until) throw new Error(`${id} did not get there: ${JSON.stringify({ status: view.status, reason: view.reason, waiting: view.waiting, jobs: view.stages.flatMap(({ jobs }) => jobs.map(({ name, status, message }) => ({ name, status, message }))) })}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  /** All that have happened by now; the view is a moment ahead of the journal. */
  async events(id: string, patience = 30_000): Promise<ReleaseEvent[]> {
    const { sequence } = await this.view(id)
    const all: ReleaseEvent[] = []
    for (const until = Date.now() + patience; (all.at(-1)?.sequence ?? 0) < sequence;) {
      const { items } = await this.call<{ items: ReleaseEvent[] }>('GET', `/releases/${id}/events?after=${all.at(-1)?.sequence ?? 0}&limit=200`)
      all.push(...items)
      if (items.length > 0) continue
      if (Date.now() > until) throw new Error(`the journal of ${id} ends at ${all.at(-1)?.sequence ?? 0}, not at ${sequence}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return all
  }

  async token(name: string, role: string, groups: string[] = []): Promise<string> {
    return String((await this.call('POST', '/tokens', { name, role, groups }))['token'])
  }
}

class ApiError extends Error {
  readonly status: number
  constructor(status: number, message: string) { super(message); this.status = status }
}
