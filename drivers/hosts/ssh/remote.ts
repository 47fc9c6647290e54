import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ClientChannel, SFTPWrapper } from 'ssh2'
import { failure } from '../../../domain/failures.js'
import type { SshSettings } from '../port.js'
import { asUser, commandLine, prepareCommand, remoteCommand } from './commands.js'
import { NoChannel, type SshConnection } from './connection.js'
import { FrameReader } from './frames.js'
import { nameOf, type Door, type SshPool } from './pool.js'

const REMOTE = readFileSync(new URL('./remote.sh', import.meta.url))
const LAUNCHER = readFileSync(new URL('../launcher.sh', import.meta.url))
const BOTH = Buffer.concat([REMOTE, LAUNCHER])
const VERSION = createHash('sha256').update(BOTH).digest('hex').slice(0, 12)
const SAID_BYTES = 2000

export type Answer = Map<string, Buffer>
export interface Asked { words: string[]; input?: Buffer }
export interface Call {
  /** Frames that are handed on as they come instead of being kept. */
  stream?: (name: string, bytes: Buffer) => boolean
  /** Ends the waiting; what was begun goes on. */
  signal?: AbortSignal | undefined
}

/** `signal` ended the waiting. */
export class Left extends Error {}

/** remote.sh on one host, called over a shared connection. */
export class Remote {
  readonly #pool: SshPool
  readonly #door: Door
  readonly #sudo: boolean | string
  readonly #givenHome: string
  readonly named: string
  constructor(pool: SshPool, { sudo, home, ...door }: SshSettings) {
    this.#pool = pool
    this.#door = door
    this.#sudo = sudo
    this.#givenHome = home ?? ''
    this.named = nameOf(door)
  }

  /**
   * Call a command of remote.sh; `ask` is told where the records lie.
   * @throws TARGET_UNREACHABLE when the host does not answer or the connection is cut before the answer is whole;
   * TARGET_REFUSED when the host or its sudo says no; CONFIG_INVALID when what is asked cannot be done there
   */
  async call(ask: (home: string) => Asked, call: Call = {}): Promise<Answer> {
    return this.#use(async (connection) => {
      const home = await this.#home(connection)
      const { words, input } = ask(home)
      return this.#ask(connection, { words: remoteCommand(home, VERSION, words), ...(input && { input }) }, call)
    })
  }

  /** Where it keeps its records. */
  async home(): Promise<string> { return this.#use((connection) => this.#home(connection)) }

  /** Work by SFTP as the login's user. @returns what the host did not allow; null: it is done. @throws as `call` does */
  async sftp(work: (sftp: SFTPWrapper) => Promise<void>): Promise<string | null> {
    return this.#use(async (connection) => {
      const sftp = await connection.sftp()
      try {
        await work(sftp)
        return null
      } catch (error) {
        if (connection.isGone || !('code' in (error as Error))) throw error
        return (error as Error).message
      } finally { sftp.end() }
    })
  }

  async #use<Result>(work: (connection: SshConnection) => Promise<Result>): Promise<Result> {
    return this.#pool.use(this.#door, async (connection) => {
      try { return await work(connection) } catch (error) {
        if (error instanceof NoChannel || error instanceof Left || (error as { type?: unknown }).type !== undefined) throw error
        throw failure('TARGET_UNREACHABLE', `${this.named}: ${(error as Error).message}`)
      }
    })
  }

  /** Asked once a connection: our scripts are there afterwards. */
  async #home(connection: SshConnection): Promise<string> {
    const fact = `home of ${String(this.#sudo)} ${this.#givenHome}`
    const known = connection.facts.get(fact)
    if (known) return known
    const asked = this.#ask(connection, { words: prepareCommand(this.#givenHome, VERSION, REMOTE.length, BOTH.length), input: BOTH }, {})
      .then((answer) => text(answer, 'home'))
    connection.facts.set(fact, asked)
    asked.catch(() => { connection.facts.delete(fact) })
    return asked
  }

  async #ask(connection: SshConnection, { words, input }: Asked, { stream, signal }: Call): Promise<Answer> {
    mustStay(signal)
    const pieces = new Map<string, Buffer[]>()
    const channel = await connection.exec(commandLine(asUser(this.#sudo, words)))
    const frames = new FrameReader((name, bytes) => {
      if (stream?.(name, bytes) === true) return
      const parts = pieces.get(name)
      if (parts) parts.push(bytes)
      else pieces.set(name, [bytes])
    })
    const { code, said } = await exchange(channel, frames, input ?? Buffer.alloc(0), signal)
    mustStay(signal)
    const answer: Answer = new Map([...pieces].map(([name, parts]) => [name, Buffer.concat(parts)]))
    const invalid = answer.get('invalid')
    if (invalid) throw failure('CONFIG_INVALID', `${this.named}: ${invalid.toString('utf8')}`)
    if (code === 0 && frames.isWhole) return answer
    if (connection.isGone || (code === null && !frames.isGarbled)) throw new Error('the connection was cut in the middle of a command')
    const told = [said, frames.noise].filter((part) => part !== '').join(' ')
    throw failure('TARGET_REFUSED', `${this.named}: ${told || `its shell ended with ${code ?? 'a signal'} and said nothing`}`)
  }
}

export const text = (answer: Answer, name: string): string => answer.get(name)?.toString('utf8') ?? ''

function mustStay(signal?: AbortSignal): void { if (signal?.aborted === true) throw new Left('the caller has left') }

/** Until the channel is closed, or `signal` says to leave. `code` null: the far side ended without telling how. */
async function exchange(channel: ClientChannel, frames: FrameReader, input: Buffer, signal?: AbortSignal): Promise<{ code: number | null; said: string }> {
  let code: number | null = null
  let said = ''
  await new Promise<void>((resolve) => {
    const leave = (): void => { channel.destroy(); resolve() }
    signal?.addEventListener('abort', leave, { once: true })
    // Not from 'exit': where the whole answer comes in one packet, that is told before anybody can listen.
    channel.once('close', (status?: number | null) => {
      code = status ?? null
      signal?.removeEventListener('abort', leave)
      resolve()
    })
    channel.on('error', () => undefined) // told by its end
    channel.on('data', (bytes: Buffer) => { if (!frames.feed(bytes)) leave() })
    channel.stderr.on('data', (bytes: Buffer) => { said = (said + bytes.toString('utf8')).slice(0, SAID_BYTES) })
    channel.end(input)
    if (signal?.aborted === true) leave()
  })
  return { code, said: said.trim() }
}
