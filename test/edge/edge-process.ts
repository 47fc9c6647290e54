import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../embedded/ports.js'

export { freePort }

/** A real gateway process on free ports, with its state in a folder of its own. */
export class EdgeProcess {
  readonly dir: string
  readonly port: number
  readonly controlPort: number
  log = ''
  #child: ChildProcess | null = null
  readonly #environment: Record<string, string>

  private constructor(dir: string, port: number, controlPort: number, environment: Record<string, string>) {
    this.dir = dir
    this.port = port
    this.controlPort = controlPort
    this.#environment = environment
  }

  /** @param prepare is called with the folder before the process starts */
  static async start(environment: Record<string, string> = {}, prepare: (dir: string) => Promise<void> = async () => undefined): Promise<EdgeProcess> {
    const dir = await mkdtemp(join(tmpdir(), 'releasectl-edge-'))
    await prepare(dir)
    const edge = new EdgeProcess(dir, await freePort(), await freePort(), environment)
    await edge.start()
    return edge
  }

  get url(): string { return `http://127.0.0.1:${this.port}` }
  get controlUrl(): string { return `http://127.0.0.1:${this.controlPort}` }
  get stateFile(): string { return join(this.dir, 'state.json') }
  async token(): Promise<string> { return (await readFile(join(this.dir, 'token'), 'utf8')).trim() }

  async start(): Promise<void> {
    this.#child = spawn(process.execPath, ['--import', 'tsx', 'edge/server.ts'], {
      env: { ...process.env, EDGE_PORT: String(this.port), EDGE_CONTROL_PORT: String(this.controlPort), EDGE_STATE_FILE: this.stateFile, EDGE_TOKEN_FILE: join(this.dir, 'token'), ...this.#environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.log += chunk.toString() })
    await until(async () => {
      if (this.#child?.exitCode !== null) throw new Error(`edge ended: ${this.log}`)
      return fetch(`${this.controlUrl}/health`).then((answer) => answer.ok, () => false)
    })
  }

  /** @returns exit code, or the signal that ended it */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return null
    child.kill(signal)
    const [code, by] = await once(child, 'exit') as [number | null, string | null]
    return code ?? by
  }

  async dispose(): Promise<void> {
    await this.end('SIGKILL')
    await rm(this.dir, { recursive: true, force: true })
  }

  async control(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(this.controlUrl + path, {
      method, headers: { authorization: `Bearer ${token ?? await this.token()}` }, ...body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) },
    })
    const text = await answer.text()
    return { status: answer.status, body: answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) as unknown : text }
  }

  /** Put a route in force that must be taken. */
  async route(name: string, route: object): Promise<void> {
    const { status, body } = await this.control('PUT', `/routes/${name}`, { stable: null, candidate: null, percent: 0, sticky: null, ...route })
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
  }
}

/** Wait for something that happens soon, on a busy machine too. @throws Error when it has not after 25 s */
export async function until(condition: () => Promise<boolean> | boolean, patienceMs = 25_000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await condition()) return
  }
  throw new Error('what was waited for did not happen')
}
