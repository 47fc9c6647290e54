import { readFile, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { failure } from '../../domain/failures.js'
import { Detached, type Claim } from './detached.js'
import { cleanEnvironment, directoryOf, existingDirectory, mustBeExecutable, ownDirectory, writeWhole } from './local-files.js'
import { fromCharacter, lastOf, sizeOf } from './output-reader.js'
import type { ServiceSpec, ServiceState } from './port.js'

interface Started { run: Detached; claim: Claim }

/**
 * Services on this machine. Each start of a key is a generation, claimed by one launcher; the next generation begins
 * only when the last one was seen dead, so there are never two.
 */
export class LocalServices {
  readonly #home: string
  constructor(home: string) { this.#home = home }

  async start(spec: ServiceSpec): Promise<ServiceState> {
    const directory = await ownDirectory(this.#home, 'services', spec.key)
    const last = await latest(directory)
    if (last && await isRunning(last)) return stateOf(spec.key, last)
    const workDir = spec.workDir === null ? join(directory, 'work') : await existingDirectory(spec.workDir)
    const environment = cleanEnvironment(spec.environment)
    await mustBeExecutable(spec.command[0] ?? '', workDir, environment['PATH'] ?? '')
    if (last) await last.run.sweep(last.claim)
    const port = await portFor(spec.port, last)
    await writeWhole(join(directory, 'spec.json'), JSON.stringify(spec))
    const run = new Detached(directory, (last?.run.generation ?? 0) + 1)
    const claim = await run.launch({ mode: 'service', command: spec.command, workDir, port, environment: { ...environment, PORT: String(port) } })
    return stateOf(spec.key, { run, claim })
  }

  async inspect(key: string): Promise<ServiceState | null> {
    const last = await latest(directoryOf(this.#home, 'services', key))
    return last && stateOf(key, last)
  }

  async stop(key: string, graceMs: number): Promise<void> {
    const last = await latest(directoryOf(this.#home, 'services', key))
    await last?.run.stop(last.claim, 'STOPPED', graceMs)
  }

  async tail(key: string, bytes: number): Promise<string> {
    const log = join(directoryOf(this.#home, 'services', key), 'log')
    const now = await lastOf(log, Math.max(0, await sizeOf(log) - bytes))
    const before = now.length < bytes ? await lastOf(`${log}.old`, Math.max(0, await sizeOf(`${log}.old`) - bytes + now.length)) : Buffer.alloc(0)
    return fromCharacter(Buffer.concat([before, now])).toString('utf8')
  }

  async spec(key: string): Promise<ServiceSpec | null> {
    const directory = directoryOf(this.#home, 'services', key)
    const last = await latest(directory)
    return last && { ...JSON.parse(await readFile(join(directory, 'spec.json'), 'utf8')) as ServiceSpec, port: last.claim.port }
  }

  /** May its record go? */
  async isOver(directory: string): Promise<boolean> {
    const last = await latest(directory)
    return last === null || !await isRunning(last)
  }
}

async function latest(directory: string): Promise<Started | null> {
  const generations = (await readdir(directory).catch(() => [])).flatMap((name) => /^(\d+)\.claim$/.exec(name)?.[1] ?? [])
  if (generations.length === 0) return null
  const run = new Detached(directory, Math.max(...generations.map(Number)))
  const claim = await run.claim()
  return claim && { run, claim }
}

const isRunning = async ({ run, claim }: Started): Promise<boolean> => await run.isAlive(claim) && await run.ended() === null

async function stateOf(key: string, started: Started): Promise<ServiceState> {
  const running = await isRunning(started)
  const ended = await started.run.ended()
  return {
    key, running, pid: running ? await started.run.pid() : null, port: started.claim.port,
    startedAt: new Date(started.claim.startedAtMs).toISOString(), exitCode: ended !== null && /^\d+$/.test(ended) ? Number(ended) : null,
  }
}

/** The asked one; else the one it had, while that is free; else a free one. The launcher writes it down before the service starts. */
async function portFor(asked: number, last: Started | null): Promise<number> {
  if (asked !== 0) return asked
  return await freePort(last?.claim.port ?? 0) ?? await freePort(0) ?? Promise.reject(failure('TARGET_UNREACHABLE', 'this machine has no free port'))
}

async function freePort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => { resolve(null) })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => { resolve(typeof address === 'object' && address ? address.port : null) })
    })
  })
}
