import { rmSync, writeFileSync } from 'node:fs'
import { migrate } from '../store/migrate.js'
import { Child } from './child.js'
import { childEnvironment } from './environment.js'
import { openHome, type Home } from './home.js'
import { holdFolder } from './instance-lock.js'
import { ChildrenFile } from './orphans.js'
import { PARTS, partSpec, PORTS_OF, type Entries, type PartName } from './parts.js'
import { choosePorts, mustBeFree, type Ports } from './ports.js'
import { ensureDatabase, postgresUrl } from './postgres.js'
import { registerSearchAttributes } from './temporal.js'

const DATABASE = 'releasectl'

export interface EmbeddedOptions {
  /** the data folder: everything lies in it */
  home: string
  ports?: Partial<Ports>
  /** which parts to run; all of them unless DATABASE_URL or TEMPORAL_ADDRESS names one that runs elsewhere */
  parts?: readonly PartName[]
  /** other files to run for worker, api or edge */
  entries?: Entries
  /** settings for the children beyond this process' environment */
  environment?: Record<string, string>
  /** breaks a start off */
  signal?: AbortSignal
  log?: (line: string) => void
  /** told when a part starts and when it answers */
  onPart?: (name: PartName, state: 'starting' | 'ready', elapsedMs: number) => void
}

/** A running releasectl on this machine. */
export interface Embedded {
  urls: { api: string, docs: string, temporalUi: string, edge: string, edgeControl: string }
  home: string
  tokenFile: string
  databaseUrl: string
  temporalAddress: string
  /** the running parts now */
  children: () => Partial<Record<PartName, { pid: number | undefined, restarts: number }>>
  /** send a signal to one part; it is started again when that ends it */
  kill: (name: PartName, signal: NodeJS.Signals) => boolean
  /** end all parts in order; `hard` at once, also while a gentle stop is under way */
  stop: (hard?: boolean) => Promise<void>
}

/**
 * Run releasectl on this machine: PostgreSQL, Temporal, edge, worker and API as supervised children.
 * Resolves when all of them answer.
 * @throws Error when the folder is held by another, a port is taken, or a part does not become ready; then nothing is left running
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const home = openHome(options.home)
  const ports = choosePorts(options.ports)
  const external = { postgres: process.env['DATABASE_URL'], temporal: process.env['TEMPORAL_ADDRESS'] }
  const parts = (options.parts ?? PARTS).filter((name) => !(name in external && external[name as keyof typeof external]))
  const letGo = holdFolder(home.lockFile)
  const children = new Map<PartName, Child>()
  const broken = new AbortController() // no part starts once another failed
  const breakOff = (): void => { broken.abort(new Error('the start was broken off')); void stopAll(children, true) }
  options.signal?.addEventListener('abort', breakOff)
  try {
    const record = new ChildrenFile(home.childrenFile)
    const orphans = await record.endOrphans()
    if (orphans.length > 0) options.log?.(`ended ${orphans.join(', ')}, left by a releasectl that was killed`)
    await mustBeFree(ports, parts.flatMap((name) => PORTS_OF[name]))

    const databaseUrl = external.postgres ?? postgresUrl({ port: ports.POSTGRES_PORT, password: home.postgresPassword }, DATABASE)
    const environment = childEnvironment(home, ports, databaseUrl, external.temporal, options.environment)
    const temporalAddress = environment['TEMPORAL_ADDRESS'] ?? ''
    const start = async (name: PartName): Promise<void> => {
      if (!parts.includes(name)) return
      broken.signal.throwIfAborted()
      const child = new Child(partSpec(name, { home, ports, environment, entries: options.entries ?? {} }), (pid) => record.add(name, pid))
      children.set(name, child)
      const startedAt = performance.now()
      options.onPart?.(name, 'starting', 0)
      await child.start()
      options.onPart?.(name, 'ready', performance.now() - startedAt)
    }
    const database = async (): Promise<void> => {
      await start('postgres')
      if (parts.includes('postgres')) await ensureDatabase({ port: ports.POSTGRES_PORT, password: home.postgresPassword }, DATABASE)
      const applied = parts.some((name) => name !== 'temporal' && name !== 'edge') ? await migrate(databaseUrl) : []
      if (applied.length > 0) options.log?.(`database brought to ${applied.at(-1) ?? ''}`)
    }
    const temporal = async (): Promise<void> => {
      await start('temporal')
      if (external.temporal) await registerSearchAttributes(external.temporal, environment['TEMPORAL_NAMESPACE'] ?? 'default')
    }
    await Promise.all([start('edge'), Promise.all([database(), temporal()]).then(() => Promise.all([start('worker'), start('api')]))])

    const urls = urlsOf(ports)
    writeFileSync(home.serverFile, JSON.stringify({ apiUrl: urls.api, tokenFile: home.tokenFile, temporalUi: urls.temporalUi, edgeUrl: urls.edge, pid: process.pid }, null, 2))
    return {
      urls, home: home.folder, tokenFile: home.tokenFile, databaseUrl, temporalAddress,
      children: () => Object.fromEntries([...children].map(([name, { pid, restarts }]) => [name, { pid, restarts }])),
      kill: (name, signal) => children.get(name)?.kill(signal) ?? false,
      stop: async (hard = false) => { await stopAll(children, hard); forget(home, letGo) },
    }
  } catch (error) {
    broken.abort(error)
    await stopAll(children, true)
    letGo()
    throw error
  } finally { options.signal?.removeEventListener('abort', breakOff) }
}

function urlsOf(ports: Ports): Embedded['urls'] {
  const at = (name: keyof Ports) => `http://127.0.0.1:${ports[name]}`
  return { api: at('API_PORT'), docs: `${at('API_PORT')}/docs`, temporalUi: at('TEMPORAL_UI_PORT'), edge: at('EDGE_PORT'), edgeControl: at('EDGE_CONTROL_PORT') }
}

/** Users before the used: a worker finishes against a living Temporal, an API answers from a living database. */
async function stopAll(children: ReadonlyMap<PartName, Child>, hard: boolean): Promise<void> {
  if (hard) { await Promise.all([...children.values()].map((child) => child.stop(true))); return }
  for (const name of PARTS) await children.get(name)?.stop()
}

function forget(home: Home, letGo: () => void): void {
  rmSync(home.serverFile, { force: true })
  rmSync(home.childrenFile, { force: true })
  letGo()
}
