import { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2'
import { failure } from '../../domain/failures.js'
import { distrust, knownTypes } from './host-key.js'
import type { SshLogin } from './port.js'

const IDLE_MS = 30_000
const READY_MS = 20_000
const KEEP_ALIVE = { keepaliveInterval: 10_000, keepaliveCountMax: 3 }

export interface SshEngine extends SshLogin { host: string; port: number; user: string; socketPath: string; knownHosts: string }

/**
 * Connections to a socket of another machine over one SSH connection (openssh's streamlocal forwarding; no docker command is
 * needed there). The host's key is checked first. Without a call for half a minute the connection is closed.
 */
export class SshTunnel extends Agent {
  readonly #engine: SshEngine
  #client: Promise<Client> | null = null
  #open = 0
  #idle: NodeJS.Timeout | null = null

  constructor(engine: SshEngine) {
    super({ keepAlive: false })
    this.#engine = engine
  }

  /** node's http agent asks for each request's connection here. */
  override createConnection(_options: unknown, done: (error: Error | null, stream?: Duplex) => void): undefined {
    this.#stream().then((stream) => { done(null, stream) }, (error: unknown) => { done(error as Error) })
    return undefined
  }

  async #stream(): Promise<Duplex> {
    if (this.#idle) clearTimeout(this.#idle)
    this.#open += 1
    try {
      const client = await (this.#client ??= this.#connect())
      const stream = await new Promise<Duplex>((resolve, reject) => {
        client.openssh_forwardOutStreamLocal(this.#engine.socketPath, (error, channel) => {
          if (error) reject(failure('TARGET_UNREACHABLE', `${this.#engine.host}: nothing answers at ${this.#engine.socketPath} there: ${error.message}`))
          else resolve(channel)
        })
      })
      stream.once('close', () => { this.#closed() })
      return stream
    } catch (error) { this.#closed(); throw error }
  }

  #closed(): void {
    this.#open -= 1
    if (this.#open > 0) return
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      const client = this.#client
      this.#client = null
      client?.then((one) => one.end(), () => undefined)
    }, IDLE_MS).unref()
  }

  async #connect(): Promise<Client> {
    const { host, port, user } = this.#engine
    const client = new Client()
    let untrusted: string | null = null
    const gone = (): void => { this.#client = null }
    const config: ConnectConfig = {
      host, port, username: user, readyTimeout: READY_MS, ...KEEP_ALIVE, ...loginOf(this.#engine),
      hostVerifier: (key: Buffer) => {
        untrusted = distrust(key, this.#engine)
        return untrusted === null
      },
    }
    const types = this.#engine.hostKey === undefined ? knownTypes(this.#engine) : []
    if (types.length > 0) config.algorithms = { serverHostKey: types.flatMap((type) => type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]) as ServerHostKeyAlgorithm[] }
    return new Promise((resolve, reject) => {
      client.once('ready', () => { resolve(client) })
      client.on('close', gone)
      client.on('error', (error) => {
        gone()
        if (untrusted !== null) reject(failure('TARGET_REFUSED', `${host} is not trusted: ${untrusted}`))
        else if (error.level === 'client-authentication') reject(failure('TARGET_REFUSED', `${host} does not let ${user} log in: ${error.message}`))
        else reject(failure('TARGET_UNREACHABLE', `${host}:${port} does not answer over SSH: ${error.message}`))
      })
      try { client.connect(config) } catch (error) { gone(); reject(failure('CONFIG_INVALID', `SSH to ${host}: ${(error as Error).message}`)) }
    })
  }
}

function loginOf({ key, passphrase, password, agent }: SshLogin): ConnectConfig {
  const socket = process.env['SSH_AUTH_SOCK']
  return {
    ...key !== undefined && { privateKey: key }, ...passphrase !== undefined && { passphrase }, ...password !== undefined && { password },
    ...agent === true && socket !== undefined && { agent: socket },
  }
}
