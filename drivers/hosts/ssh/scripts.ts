import { setTimeout as delay } from 'node:timers/promises'
import { formatDuration } from '../../../domain/duration.js'
import { failure } from '../../../domain/failures.js'
import { directoryOf } from '../local-files.js'
import { namedOutputs } from '../named-outputs.js'
import { OutputStream } from '../output-reader.js'
import type { OutputChunk, ScriptResult, ScriptRun } from '../port.js'
import { beginCommand } from './commands.js'
import { Limits } from './limits.js'
import { Left, text, type Answer, type Asked, type Remote } from './remote.js'

const GRACE_MS = 2000
/** How often in a row a broken connection is made again; then Temporal tries. A script that must be stopped gets more. */
const TRIES = { follow: 3, stop: 10 }
const NOTHING = Buffer.alloc(0)

/** Scripts on a host: once per key, whoever asks and however often. One command begins a script and follows it. */
export class SshScripts {
  readonly #remote: Remote
  constructor(remote: Remote) { this.#remote = remote }

  async run(request: ScriptRun, on: { output(chunk: OutputChunk): void; signal?: AbortSignal }): Promise<ScriptResult> {
    on.signal?.throwIfAborted()
    const streams = { out: new OutputStream('stdout', (chunk) => { on.output(chunk) }), err: new OutputStream('stderr', (chunk) => { on.output(chunk) }) }
    const limits = new Limits(request.timeoutMs, on.signal)
    const ended = await this.#follow(request, streams, limits).finally(() => { limits.close() })
    const word = text(ended, 'exit').trim()
    const script = request.name ?? `script ${request.key} on ${this.#remote.named}`
    if (!ended.has('exit')) throw failure('CHECK_FAILED', `${script} was cut off: its process is gone and left no exit code, so what it did is unknown; look before you retry`)
    if (word === 'TIMED_OUT') throw failure('TIMED_OUT', `${script} ran longer than ${formatDuration(request.timeoutMs)} and was stopped`)
    if (word === 'CANCELLED') {
      on.signal?.throwIfAborted()
      throw failure('CHECK_FAILED', `${script} was cancelled before it ended`)
    }
    if (!/^\d+$/.test(word)) throw failure('CHECK_FAILED', `${script} left no exit code (is the disk full?), so what it did is unknown; look before you retry`)
    const [out, err] = [streams.out.close(ended.get('out.tail') ?? NOTHING), streams.err.close(ended.get('err.tail') ?? NOTHING)]
    return { exitCode: Number(word), stdout: out.text, stderr: err.text, truncated: out.truncated || err.truncated, outputs: namedOutputs(text(ended, 'output')) }
  }

  /** Until it has ended; stopped when its time is over or nobody wants it any more. @returns remote.sh's last answer */
  async #follow(request: ScriptRun, { out, err }: { out: OutputStream; err: OutputStream }, limits: Limits): Promise<Answer> {
    const progress = { begun: false }
    const stream = (name: string, bytes: Buffer): boolean => {
      if (name === 'age') {
        limits.begunAgo(1000 * Number(bytes.toString('utf8')))
        progress.begun = true
      } else if (name === 'out') out.take(bytes)
      else if (name === 'err') err.take(bytes)
      else return false
      return true
    }
    const environment = Object.fromEntries(Object.entries(request.environment).filter(([name]) => name !== 'RELEASECTL_OUTPUT')) // remote.sh knows where it lies
    const directory = (home: string): string => directoryOf(home, 'runs', request.key)
    const begin = (home: string): Asked => beginCommand(directory(home), {
      mode: 'script', generation: 1, port: 0, workDir: request.workDir, environment,
      file: 'script', content: request.script, command: request.interpreter.trim().split(/\s+/),
    })
    const look = (home: string): Asked => ({ words: ['look', directory(home), '1', String(out.offset), String(err.offset)] })
    const next = async (signal?: AbortSignal): Promise<Answer> => this.#remote.call(progress.begun ? look : begin, { stream, signal })
    const seen = (): number => out.offset + err.offset
    try {
      return await toTheEnd(() => patiently(TRIES.follow, () => next(limits.signal), seen))
    } catch (error) {
      if (limits.why === null || (limits.why === 'TIMED_OUT' && !progress.begun && !(error instanceof Left))) throw error
      await patiently(TRIES.stop, () => this.#remote.call((home) => ({ words: ['cancel', directory(home), limits.why ?? '', String(GRACE_MS)] })), seen)
      progress.begun = true
      return toTheEnd(() => patiently(TRIES.stop, () => next(), seen))
    }
  }
}

async function toTheEnd(look: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await look()
    if (!answer.has('more')) return answer
  }
}

/** Once more when the connection broke, unless it breaks that often without anything seen between. */
async function patiently(tries: number, ask: () => Promise<Answer>, seen: () => number): Promise<Answer> {
  for (let failed = 1; ; failed += 1) {
    const before = seen()
    try { return await ask() } catch (error) {
      if (seen() > before) failed = 1
      if ((error as { type?: unknown }).type !== 'TARGET_UNREACHABLE' || failed >= tries) throw error
      await delay(200 * failed)
    }
  }
}
