import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { failure } from '../../../domain/failures.js'
import type { NginxSettings } from './settings.js'

/** The running nginx: test what lies in its files, make it read them, ask what it has in force. */
export class NginxMaster {
  readonly #settings: NginxSettings
  readonly #name: string
  constructor(settings: NginxSettings, name: string) {
    this.#settings = settings
    this.#name = name
  }

  /** `nginx -t`: null, or nginx's own words. @throws TARGET_UNREACHABLE when it cannot be run */
  async test(): Promise<string | null> {
    const { binary, config } = this.#settings
    const { code, output } = await this.#run(binary, ['-t', '-q', '-c', config])
    return code === 0 ? null : output || `nginx -t ended with ${code}`
  }

  /** Make it read its files anew: null, or why it would not. It keeps what it has when it cannot use them, and says nothing. */
  async reload(): Promise<string | null> {
    const { reload: command, pid: file } = this.#settings
    if (command) {
      const { code, output } = await this.#run(command[0] ?? '', command.slice(1))
      return code === 0 ? null : `${command.join(' ')}: ${output || `ended with ${code}`}`
    }
    let pid: number
    try {
      pid = Number((await readFile(file, 'utf8')).trim())
      if (!Number.isInteger(pid) || pid <= 1) throw new Error('it holds no pid')
    } catch (error) { throw failure('TARGET_UNREACHABLE', `${this.#name}: its pid is not in ${file}: ${(error as Error).message}`) }
    try { process.kill(pid, 'SIGHUP') } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') return `this worker may not send a signal to nginx (process ${pid})`
      throw failure('TARGET_UNREACHABLE', `${this.#name}: there is no process ${pid}, which ${file} names`)
    }
    return null
  }

  /**
   * What it answers at the check address under a name, over a connection of its own; null: it has no such name.
   * @throws TARGET_UNREACHABLE
   */
  async ask(host: string): Promise<string | null> {
    const { check, timeoutMs } = this.#settings
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        http.get(`http://${check}/`, { agent: false, headers: { host }, signal: AbortSignal.timeout(timeoutMs) }, resolve).on('error', reject)
      })
      const body = await text(response)
      return response.statusCode === 200 ? body.trim() : null
    } catch (error) {
      throw failure('TARGET_UNREACHABLE', `${this.#name} did not answer at its check address ${check}: ${(error as Error).message || (error as NodeJS.ErrnoException).code || 'no answer'}`)
    }
  }

  async #run(command: string, args: string[]): Promise<{ code: number; output: string }> {
    return new Promise((resolve, reject) => {
      execFile(command, args, { timeout: this.#settings.timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
        if (error === null) { resolve({ code: 0, output: '' }); return }
        if (typeof error.code !== 'number') { reject(failure('TARGET_UNREACHABLE', `${this.#name}: ${[command, ...args].join(' ')} could not be run: ${error.killed ? 'it took too long' : error.message}`)); return }
        resolve({ code: error.code, output: `${stderr}${stdout}`.trim() })
      })
    })
  }
}
