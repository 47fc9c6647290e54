import { createConnection, type NetConnectOpts } from 'node:net'
import { failure } from '../../../domain/failures.js'

/** An answer ends with an empty line; that of `get var`, up to HAProxy 2.x, with its value. Anything else is half of one. */
const ENDED = /(?:^|\n|>)\n$/

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
   * @throws TARGET_UNREACHABLE when it does not end its answer in time, hangs up without one or within it; TARGET_REFUSED when the socket's level is too low
   */
  async say(...commands: string[]): Promise<string> {
    const answer = await this.#exchange(`${commands.join(';')}\n`).catch((error: unknown) => {
      throw failure('TARGET_UNREACHABLE', `${this.who} did not answer ${commands[0]?.split(' ').slice(0, 3).join(' ') ?? 'nothing'}: ${(error as Error).message}`)
    })
    if (answer === '') throw failure('TARGET_UNREACHABLE', `${this.who} hung up without an answer`)
    if (!ENDED.test(answer)) throw failure('TARGET_UNREACHABLE', `${this.who} broke off within its answer to ${commands[0]?.split(' ').slice(0, 3).join(' ') ?? 'nothing'}`)
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
