import { randomInt } from 'node:crypto'
import { failure } from '../../../domain/failures.js'
import { directoryOf } from '../local-files.js'
import { fromCharacter } from '../output-reader.js'
import type { ServiceSpec, ServiceState } from '../port.js'
import { beginCommand } from './commands.js'
import { text, type Answer, type Remote } from './remote.js'

const PORTS = { from: 20_000, to: 32_000 } // below those the kernel gives to outgoing connections

/** Services on a host, as LocalServices has them: a start is a generation, and the next begins when the last was seen dead. */
export class SshServices {
  readonly #remote: Remote
  constructor(remote: Remote) { this.#remote = remote }

  async start(spec: ServiceSpec): Promise<ServiceState> {
    const last = await this.#inspect(spec.key, 'ports')
    if (isRunning(last)) return stateOf(spec.key, last)
    const port = spec.port !== 0 ? spec.port : this.#freePort(text(last, 'ports'), last.has('port') ? portOf(last) : null)
    const generation = Number(text(last, 'generation')) + 1
    if (generation > 1) await this.#call(spec.key, (directory) => ['sweep_old', directory, String(generation - 1)])
    const begun = await this.#remote.call((home) => beginCommand(directoryOf(home, 'services', spec.key), {
      mode: 'service', generation, port, workDir: spec.workDir, environment: { ...spec.environment, PORT: String(port) },
      file: 'spec.json', content: JSON.stringify(spec), command: spec.command,
    }))
    return stateOf(spec.key, begun)
  }

  async inspect(key: string): Promise<ServiceState | null> {
    const found = await this.#inspect(key)
    return found.has('generation') ? stateOf(key, found) : null
  }

  async stop(key: string, graceMs: number): Promise<void> {
    await this.#call(key, (directory) => ['stop', directory, 'latest', 'STOPPED', String(graceMs)])
  }

  async tail(key: string, bytes: number): Promise<string> {
    const answer = await this.#call(key, (directory) => ['log', directory, String(bytes)])
    return fromCharacter(answer.get('log') ?? Buffer.alloc(0)).toString('utf8')
  }

  async spec(key: string): Promise<ServiceSpec | null> {
    const found = await this.#inspect(key, 'spec')
    return found.has('spec') ? { ...JSON.parse(text(found, 'spec')) as ServiceSpec, port: portOf(found) } : null
  }

  async #inspect(key: string, ...besides: string[]): Promise<Answer> { return this.#call(key, (directory) => ['inspect', directory, ...besides]) }

  async #call(key: string, words: (directory: string) => string[]): Promise<Answer> {
    return this.#remote.call((home) => ({ words: words(directoryOf(home, 'services', key)) }))
  }

  /** The one it had, while that is free; else another. */
  #freePort(taken: string, had: number | null): number {
    const used = new Set(taken.split('\n').map((hex) => parseInt(hex, 16)))
    if (had !== null && !used.has(had)) return had
    for (let tries = 0; tries < 1000; tries += 1) {
      const port = randomInt(PORTS.from, PORTS.to)
      if (!used.has(port)) return port
    }
    throw failure('TARGET_REFUSED', `${this.#remote.named} has no free port`)
  }
}

const portOf = (answer: Answer): number => Number(text(answer, 'port'))
const isRunning = (answer: Answer): boolean => answer.has('alive') && !answer.has('exit')

function stateOf(key: string, answer: Answer): ServiceState {
  const running = isRunning(answer)
  const ended = text(answer, 'exit').trim()
  return {
    key, running, pid: running ? Number(text(answer, 'pid')) || null : null, port: portOf(answer),
    startedAt: new Date(1000 * Number(text(answer, 'at'))).toISOString(), exitCode: /^\d+$/.test(ended) ? Number(ended) : null,
  }
}
