import type { Readable } from 'node:stream'
import ssh2, { type Client, type ClientChannel, type SFTPWrapper } from 'ssh2'
import { failure } from '../../../domain/failures.js'
import type { SshLogin } from '../port.js'
import { connectConfig, type LoginOptions } from './login.js'

/** Said where a channel could not be had although the connection stands: OpenSSH allows 10 (MaxSessions). */
export class NoChannel extends Error {}

/** One connection that is logged in. */
export class SshConnection {
  readonly #client: Client
  /** What was found out about the host, once a connection. */
  readonly facts = new Map<string, Promise<string>>()
  #isGone = false
  constructor(client: Client) {
    this.#client = client
    client.setMaxListeners(0)
    client.on('error', () => { this.#isGone = true; client.end() })
    client.on('close', () => { this.#isGone = true })
  }

  get isGone(): boolean { return this.#isGone }

  onGone(told: () => void): void {
    if (this.#isGone) told()
    else this.#client.once('close', told)
  }

  /** @throws NoChannel, Error when the connection is cut */
  async exec(line: string): Promise<ClientChannel> { return this.#open((done) => { this.#client.exec(line, done) }) }
  async sftp(): Promise<SFTPWrapper> { return this.#open((done) => { this.#client.sftp(done) }) }
  async forward(host: string, port: number): Promise<ClientChannel> { return this.#open((done) => { this.#client.forwardOut('127.0.0.1', 0, host, port, done) }) }
  end(): void { this.#isGone = true; this.#client.end() }

  /** ssh2 does not call back when the connection ends before the answer, or throws when it had ended. */
  async #open<Channel>(ask: (done: (error: Error | undefined, channel: Channel) => void) => void): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const cut = (): void => { reject(new Error('the connection was cut')) }
      if (this.#isGone) { cut(); return }
      this.#client.once('close', cut)
      try {
        ask((error, channel) => {
          this.#client.off('close', cut)
          if (error) reject(this.#isGone || !('reason' in error) ? error : new NoChannel(error.message))
          else resolve(channel)
        })
      } catch (error) { reject(error instanceof Error ? error : new Error(String(error))) }
    })
  }
}

/**
 * Log in to a host.
 * @param through what to connect over instead of a socket of our own: a bastion's channel
 * @throws TARGET_UNREACHABLE when it does not answer; TARGET_REFUSED when its key is not the known one, or when it does not
 * let us in; CONFIG_INVALID
 */
export async function connect(named: string, login: SshLogin, options: Omit<LoginOptions, 'refused'>, through?: Readable): Promise<SshConnection> {
  let why: string | null = null
  const config = connectConfig(login, { ...options, refused: (problem) => { why = problem } })
  const client = new ssh2.Client()
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { level?: string }): void => {
      if (error.level === 'agent') return // the next way to log in is tried
      reject(why !== null ? failure('TARGET_REFUSED', `${named}: ${why}`) : refusal(named, login, error))
      client.end()
    }
    client.on('error', fail)
    const closed = (): void => { fail(new Error('it closed the connection before the login was done')) }
    client.once('close', closed)
    client.once('ready', () => {
      resolve(new SshConnection(client))
      client.off('error', fail).off('close', closed)
    })
    client.connect({ ...config, ...(through && { sock: through }) })
  })
}

function refusal(named: string, login: SshLogin, error: Error & { level?: string }): Error {
  const ways = [login.key !== undefined && 'key', login.agent && 'agent', login.password !== undefined && 'password'].filter((way) => way !== false)
  if (error.level === 'client-authentication') return failure('TARGET_REFUSED', `${named} does not let ${login.user} log in; tried: ${ways.join(', ')}`)
  if (error.level === 'handshake') return failure('TARGET_REFUSED', `${named}: ${error.message}`)
  return failure('TARGET_UNREACHABLE', `${named} does not answer: ${error.message || (error as NodeJS.ErrnoException).code || 'no connection'}`)
}
