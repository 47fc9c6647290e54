import type { FileToPut, HostPort, OutputChunk, ScriptResult, ScriptRun, ServiceSpec, ServiceState, SshSettings } from '../port.js'
import { SshFiles } from './files.js'
import type { SshPool } from './pool.js'
import { Remote } from './remote.js'
import { SshScripts } from './scripts.js'
import { SshServices } from './services.js'

/**
 * A Linux machine over SSH. What it starts is detached there and leaves its record in files there, as LocalHost's does: a
 * connection that breaks and a worker that is killed change nothing.
 */
export class SshHost implements HostPort {
  readonly address: string
  readonly #pool: SshPool
  readonly #remote: Remote
  readonly #scripts: SshScripts
  readonly #services: SshServices
  readonly #files: SshFiles
  constructor(pool: SshPool, settings: SshSettings) {
    this.address = settings.host
    this.#pool = pool
    this.#remote = new Remote(pool, settings)
    this.#scripts = new SshScripts(this.#remote)
    this.#services = new SshServices(this.#remote)
    this.#files = new SshFiles(this.#remote, settings.sudo === false)
  }

  async run(request: ScriptRun, on: { output(chunk: OutputChunk): void; signal?: AbortSignal }): Promise<ScriptResult> {
    this.#prune()
    return this.#scripts.run(request, on)
  }
  async start(spec: ServiceSpec): Promise<ServiceState> {
    this.#prune()
    return this.#services.start(spec)
  }
  async inspect(key: string): Promise<ServiceState | null> { return this.#services.inspect(key) }
  async stop(key: string, graceMs: number): Promise<void> { return this.#services.stop(key, graceMs) }
  async tail(key: string, bytes: number): Promise<string> { return this.#services.tail(key, bytes) }
  async spec(key: string): Promise<ServiceSpec | null> { return this.#services.spec(key) }
  async put(file: FileToPut): Promise<void> { return this.#files.put(file) }
  async read(path: string, maxBytes: number): Promise<Buffer | null> { return this.#files.read(path, maxBytes) }

  /** Beside the work: it may fail. */
  #prune(): void {
    if (this.#pool.isDue(this.#remote.named)) this.#remote.call((home) => ({ words: ['prune', home] })).catch(() => undefined)
  }
}
