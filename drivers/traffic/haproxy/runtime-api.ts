import { createConnection, type NetConnectOpts } from 'node:net'
import { failure } from '../../../domain/failures.js'

/**
 * HAProxy's Runtime API: one connection a command (HAProxy management guide, 9.3 "Unix Socket commands").
 * @param socket a path, or `tcp://host:port`
 */
export class RuntimeApi {
  readonly who: string
  readonly #where: NetConnectOpts
  readonly #timeoutMs: number

  constructor(name: string, socket: string, timeoutMs: number) {
    this.who = `haproxy ${name} at ${socket}`
    this.#timeoutMs = timeoutMs
    const { hostname, port } = socket.startsWith('tcp://') ? new URL(socket) : { hostname: '', port: '' }
    this.#where = socket.startsWith('tcp://') ? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) } : { path: socket }
  }

  /**
   * What it says to one command, or to several in order, trimmed.
   * @throws TARGET_UNREACHABLE when it does not end its answer in time, or hangs up without one; TARGET_REFUSED when the socket's level is too low
   */
  async say(...commands: string[]): Promise<string> {
    const answer = await this.#exchange(`${commands.join(';')}\n`).catch((error: unknown) => {
      throw failure('TARGET_UNREACHABLE', `${this.who} did not answer ${commands[0]?.split(' ').slice(0, 3).join(' ') ?? 'nothing'}: ${(error as Error).message}`)
    })
    if (answer === '') throw failure('TARGET_UNREACHABLE', `${this.who} hung up without an answer`)
    if (answer.startsWith('Permission denied')) throw failure('TARGET_REFUSED', `${this.who}: Permission denied; its stats socket needs level admin`)
    return answer.trim()
  }

  #exchange(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = ''
      const socket = createConnection(this.#where, () => { socket.write(line) })
      const late = setTimeout(() => { socket.destroy(new Error(`no answer within ${this.#timeoutMs} ms`)) }, this.#timeoutMs)
      socket.setEncoding('utf8').on('data', (chunk: string) => { answer += chunk })
      socket.on('end', () => { resolve(answer) }).on('error', reject).on('close', () => { clearTimeout(late); reject(new Error('it hung up')) })
    })
  }
}
