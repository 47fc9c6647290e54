import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import { formatDuration } from '../../domain/duration.js'
import { Detached, type Claim } from './detached.js'
import { cleanEnvironment, existingDirectory, mustBeExecutable, mustHaveRoom, ownDirectory, writeWhole } from './local-files.js'
import { namedOutputs } from './named-outputs.js'
import { OutputReader } from './output-reader.js'
import type { OutputChunk, ScriptResult, ScriptRun } from './port.js'

const GRACE_MS = 2000
const LOOK_MS = { first: 10, last: 250 }
const TIMED_OUT = 'TIMED_OUT'
const CANCELLED = 'CANCELLED'

/** Scripts on this machine: once per key, whoever asks and however often. */
export class LocalScripts {
  readonly #home: string
  constructor(home: string) { this.#home = home }

  async run(request: ScriptRun, on: { output(chunk: OutputChunk): void; signal?: AbortSignal }): Promise<ScriptResult> {
    on.signal?.throwIfAborted()
    const directory = await ownDirectory(this.#home, 'runs', request.key)
    const run = new Detached(directory, 1)
    const claim = await run.claim() ?? await begin(run, request)
    const stdout = new OutputReader(join(directory, 'stdout'), 'stdout', (chunk) => { on.output(chunk) })
    const stderr = new OutputReader(join(directory, 'stderr'), 'stderr', (chunk) => { on.output(chunk) })
    const ended = await follow(run, claim, request, [stdout, stderr], on.signal)
    if (ended === TIMED_OUT) throw failure('TIMED_OUT', `${calledOf(request)} ran longer than ${formatDuration(request.timeoutMs)} and was stopped`)
    if (ended === CANCELLED) {
      on.signal?.throwIfAborted()
      throw failure('CHECK_FAILED', `${calledOf(request)} was cancelled before it ended`)
    }
    const [out, err] = [await stdout.tail(), await stderr.tail()]
    const outputs = namedOutputs(await readFile(join(directory, 'output'), 'utf8').catch(() => ''))
    const said = err.text !== '' || ended === '0' ? err.text : await mustHaveRoom(directory).then(() => '', (error: unknown) => `${(error as Error).message}: what it wrote had no room in ${this.#home}\n`)
    return { exitCode: Number(ended), stdout: out.text, stderr: said, truncated: out.truncated || err.truncated, outputs }
  }

  /** May its record go? */
  async isOver(directory: string): Promise<boolean> {
    const run = new Detached(directory, 1)
    const claim = await run.claim()
    return claim === null || !await run.isAlive(claim)
  }
}

async function begin(run: Detached, request: ScriptRun): Promise<Claim> {
  const { directory } = run
  const workDir = request.workDir === null ? join(directory, 'work') : await existingDirectory(request.workDir)
  const environment = cleanEnvironment({ ...request.environment, RELEASECTL_OUTPUT: join(directory, 'output') })
  const interpreter = request.interpreter.trim().split(/\s+/)
  await mustBeExecutable(interpreter[0] ?? '', workDir, environment['PATH'] ?? '')
  await writeWhole(join(directory, 'script'), request.script)
  return run.launch({ mode: 'script', command: [...interpreter, join(directory, 'script')], workDir, environment, port: 0 })
}

const calledOf = ({ name, key }: ScriptRun): string => name ?? `script ${key}`

/** Until it has ended. @returns its exit code as text, or the word it was stopped with */
async function follow(run: Detached, claim: Claim, request: ScriptRun, streams: OutputReader[], signal?: AbortSignal): Promise<string> {
  const deadline = claim.startedAtMs + request.timeoutMs
  for (let waitMs = LOOK_MS.first; ; waitMs = Math.min(waitMs * 2, LOOK_MS.last)) {
    const alive = await run.isAlive(claim)
    const ended = await run.ended() // asked before the output is read, so that nothing written before the end is missed
    for (const stream of streams) if (await stream.follow()) waitMs = LOOK_MS.first
    if (ended !== null) return ended
    if (!alive) {
      await run.sweep(claim)
      throw failure('CHECK_FAILED', `${calledOf(request)} was cut off: its process is gone and left no exit code, so what it did is unknown; look before you retry`)
    }
    if (signal?.aborted) await run.stop(claim, CANCELLED, GRACE_MS)
    else if (Date.now() >= deadline) await run.stop(claim, TIMED_OUT, GRACE_MS)
    else await delay(Math.min(waitMs, deadline - Date.now()), undefined, { signal }).catch(() => undefined)
  }
}
