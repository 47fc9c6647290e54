import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { SshLogin } from '../port.js'
import { connect, NoChannel, type SshConnection } from './connection.js'

/** What a pool needs to know about a host: how to get in, through what, and what it is called. */
export interface Door extends SshLogin { name: string; bastion?: SshLogin | undefined; connectTimeoutMs: number }

interface Line {
  connection: Promise<SshConnection>
  /** Channels that are open or about to be. */
  uses: number
  /** More than these it did not give. */
  most: number
  isGone: boolean
  idle: NodeJS.Timeout | null
}

const CHANNELS = 8 // sshd gives 10 a connection unless it is told otherwise
const IDLE_MS = 60_000
const PRUNE_EVERY_MS = 3_600_000

/**
 * Connections to hosts, shared by all who use a host: opened when needed, kept for a minute after their last use, opened
 * anew after they broke.
 */
export class SshPool {
  readonly #lines = new Map<string, Line[]>()
  readonly #knownHostsFile: string
  readonly #idleMs: number
  readonly #prunedAtMs = new Map<string, number>()
  constructor({ knownHostsFile = join(homedir(), '.ssh/known_hosts'), idleMs = IDLE_MS }: { knownHostsFile?: string; idleMs?: number } = {}) {
    this.#knownHostsFile = knownHostsFile
    this.#idleMs = idleMs
  }

  /**
   * Work with a channel of a connection.
   * @throws TARGET_UNREACHABLE, TARGET_REFUSED, CONFIG_INVALID; what `work` throws
   */
  async use<Result>(door: Door, work: (connection: SshConnection) => Promise<Result>): Promise<Result> {
    for (;;) {
      const line = this.#line(door)
      line.uses += 1
      if (line.idle) clearTimeout(line.idle)
      try {
        return await work(await line.connection)
      } catch (error) {
        if (!(error instanceof NoChannel)) throw error
        line.most = line.uses - 1
        if (line.most === 0) throw failure('TARGET_REFUSED', `${nameOf(door)} lets us log in but gives no session: ${error.message}`)
      } finally {
        line.uses -= 1
        this.#rest(line)
      }
    }
  }

  /** Once an hour a host: is it time to take away old records there? */
  isDue(host: string): boolean {
    if (Date.now() - (this.#prunedAtMs.get(host) ?? 0) < PRUNE_EVERY_MS) return false
    this.#prunedAtMs.set(host, Date.now())
    return true
  }

  /** End what is idle and let the rest end with its last use. */
  close(): void {
    for (const line of [...this.#lines.values()].flat()) void line.connection.then((connection) => { connection.end() }, () => undefined)
    this.#lines.clear()
  }

  #line(door: Door): Line {
    const key = createHash('sha256').update(JSON.stringify(door)).digest('hex')
    const lines = (this.#lines.get(key) ?? []).filter(({ isGone }) => !isGone)
    let line = lines.find(({ uses, most }) => uses < most)
    if (!line) {
      line = this.#open(door)
      lines.push(line)
    }
    this.#lines.set(key, lines)
    return line
  }

  #open(door: Door): Line {
    const line: Line = { connection: this.#connect(door), uses: 0, most: CHANNELS, isGone: false, idle: null }
    const gone = (): void => { line.isGone = true }
    line.connection.then((connection) => { connection.onGone(gone) }, gone)
    return line
  }

  /** A bastion is held as long as what goes through it lasts. */
  async #connect(door: Door): Promise<SshConnection> {
    const { bastion, host, port, connectTimeoutMs } = door
    const options = {
      readyTimeout: connectTimeoutMs, agentSocket: process.env['SSH_AUTH_SOCK'],
      knownHosts: await readFile(this.#knownHostsFile, 'utf8').catch(() => ''),
    }
    if (!bastion) return connect(nameOf(door), door, options)
    return new Promise((resolve, reject) => {
      this.use({ ...bastion, name: `bastion of ${door.name}`, connectTimeoutMs }, async (outer) => {
        const late = delay(connectTimeoutMs, undefined, { ref: false }).then(() => { throw new Error('no answer in time') })
        const through = await Promise.race([outer.forward(host, port), late]).catch((error: unknown) => {
          throw failure('TARGET_UNREACHABLE', `${nameOf(door)} does not answer through ${bastion.host}:${bastion.port}: ${(error as Error).message}`)
        })
        const inner = await connect(nameOf(door), door, options, through)
        resolve(inner)
        await new Promise<void>((over) => { inner.onGone(over) })
        through.destroy()
      }).catch(reject)
    })
  }

  #rest(line: Line): void {
    if (line.uses > 0 || line.isGone) return
    line.idle = setTimeout(() => {
      line.isGone = true
      void line.connection.then((connection) => { connection.end() }, () => undefined)
    }, this.#idleMs)
    line.idle.unref()
  }
}

/** `web-1 (deploy@10.0.0.5:22)`. */
export const nameOf = ({ name, user, host, port }: Door): string => `${name} (${user}@${host}:${port})`
