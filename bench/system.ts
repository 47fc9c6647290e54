import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import pg from 'pg'
import { isEnding, type ReleaseView } from '../domain/release.js'
import type { Entries, PartName } from '../embedded/parts.js'
import { freePorts } from '../embedded/ports.js'
import { endServices } from '../embedded/services.js'
import { startEmbedded, type Embedded } from '../embedded/start.js'

const PATIENCE_MS = 180_000
const ASK_EVERY_MS = 50

export interface SystemOptions {
  parts?: readonly PartName[]
  entries?: Entries
  environment?: Record<string, string>
}
export interface ReleaseRequest { planText: string; project?: string; version?: string; variables?: Record<string, string> }

const open = new Set<Promise<System>>()
const interrupted = new AbortController()

/** A whole releasectl of its own while `work` runs; nothing of it is left afterwards, however that ends. */
export async function withSystem<Result>(options: SystemOptions, work: (system: System) => Promise<Result>): Promise<Result> {
  const started = System.start(options)
  open.add(started)
  try {
    const system = await started
    try { return await work(system) } finally { await system.stop() }
  } finally { open.delete(started) }
}

/** For an interrupted run, also one that is just starting a system. */
export async function stopSystems(): Promise<void> {
  interrupted.abort(new Error('interrupted'))
  await Promise.allSettled([...open].map(async (system) => (await system).stop(true)))
}

/** Every part a real process, in a folder that goes away, on ports that were free. */
export class System {
  readonly embedded: Embedded
  readonly temporal: Client
  readonly sql: pg.Client
  readonly #folder: string
  readonly #token: string
  private constructor(embedded: Embedded, folder: string, temporal: Client, sql: pg.Client) {
    this.embedded = embedded
    this.temporal = temporal
    this.sql = sql
    this.#folder = folder
    this.#token = readFileSync(embedded.tokenFile, 'utf8').trim()
  }

  static async start(options: SystemOptions): Promise<System> {
    const folder = mkdtempSync(join(tmpdir(), 'releasectl-bench-'))
    try {
      const embedded = await startEmbedded({ ...options, home: join(folder, 'home'), ports: await freePorts(), signal: interrupted.signal, environment: { LOG_LEVEL: 'warn', ...options.environment } })
      const sql = new pg.Client({ connectionString: embedded.databaseUrl })
      sql.on('error', () => undefined) // the database is killed on purpose; the next query says so
      await sql.connect()
      return new System(embedded, folder, new Client({ connection: await Connection.connect({ address: embedded.temporalAddress }) }), sql)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  async stop(hard = false): Promise<void> {
    await this.sql.end().catch(() => undefined)
    await this.temporal.connection.close()
    await endServices(this.embedded.home)
    await this.embedded.stop(hard)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** One call of the API. @throws Error with what it answered instead */
  async call<T = Record<string, unknown>>(method: string, path: string, body?: object, token = this.#token): Promise<T> {
    const answer = await fetch(`${this.embedded.urls.api}${path}`, {
      method, signal: AbortSignal.timeout(20_000), headers: { authorization: `Bearer ${token}`, ...body && { 'content-type': 'application/json' } },
      ...body && { body: JSON.stringify(body) },
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }

  /** Accept a release. Returns its id. */
  async release({ planText, project = 'bench', version = '1.0.0', variables }: ReleaseRequest): Promise<string> {
    return (await this.call<{ id: string }>('POST', '/releases', { planText, project, environment: 'bench', version, ...variables && { variables } })).id
  }

  /** The release as soon as it is as asked for; parts that are away are asked again. */
  async until(id: string, what: (view: ReleaseView) => boolean): Promise<ReleaseView> {
    let last = 'no answer'
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await delay(ASK_EVERY_MS)) {
      const view = await this.call<ReleaseView>('GET', `/releases/${id}`).catch((error: unknown) => { last = String(error); return null })
      if (view !== null && what(view)) return view
      if (view !== null) last = `${view.status} ${view.reason ?? ''}`
    }
    throw new Error(`release ${id} did not get there in ${PATIENCE_MS} ms: ${last}`)
  }

  ended(id: string): Promise<ReleaseView> { return this.until(id, ({ status }) => isEnding(status)) }

  /** A token for another person. */
  async person(name: string, role: string): Promise<string> { return String((await this.call('POST', '/tokens', { name, role }))['token']) }
}
