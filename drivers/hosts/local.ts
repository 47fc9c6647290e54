import { join, resolve } from 'node:path'
import { LocalScripts } from './local-scripts.js'
import { LocalServices } from './local-services.js'
import { prune, takenBy } from './local-files.js'
import { putFile, readStart } from './local-file-store.js'
import type { FileToPut, HostPort, OutputChunk, ScriptResult, ScriptRun, ServiceSpec, ServiceState } from './port.js'

const PRUNE_EVERY_MS = 3_600_000

/**
 * This machine. Everything it starts is detached and leaves its record in files under `home`, so that a worker that is
 * killed at any moment changes nothing: the next one finds what runs, what ended and how.
 */
export class LocalHost implements HostPort {
  readonly address = '127.0.0.1'
  readonly #home: string
  readonly #scripts: LocalScripts
  readonly #services: LocalServices
  #prunedAtMs = 0
  constructor({ home }: { home: string }) {
    this.#home = resolve(home)
    this.#scripts = new LocalScripts(this.#home)
    this.#services = new LocalServices(this.#home)
  }

  async run(request: ScriptRun, on: { output(chunk: OutputChunk): void; signal?: AbortSignal }): Promise<ScriptResult> {
    await this.#prune()
    return takenBy(this.#home, `run script ${request.key}`, this.#scripts.run(request, on))
  }
  async start(spec: ServiceSpec): Promise<ServiceState> {
    await this.#prune()
    return takenBy(this.#home, `start ${spec.key}`, this.#services.start(spec))
  }
  async inspect(key: string): Promise<ServiceState | null> { return this.#services.inspect(key) }
  async stop(key: string, graceMs: number): Promise<void> { return takenBy(this.#home, `stop ${key}`, this.#services.stop(key, graceMs)) }
  async tail(key: string, bytes: number): Promise<string> { return this.#services.tail(key, bytes) }
  async spec(key: string): Promise<ServiceSpec | null> { return this.#services.spec(key) }
  async put(file: FileToPut): Promise<void> { return putFile(file) }
  async read(path: string, maxBytes: number): Promise<Buffer | null> { return readStart(path, maxBytes) }

  async #prune(): Promise<void> {
    if (Date.now() - this.#prunedAtMs < PRUNE_EVERY_MS) return
    this.#prunedAtMs = Date.now()
    await prune(join(this.#home, 'runs'), (directory) => this.#scripts.isOver(directory))
    await prune(join(this.#home, 'services'), (directory) => this.#services.isOver(directory))
  }
}
