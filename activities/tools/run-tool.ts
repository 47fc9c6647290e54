import { createHash } from 'node:crypto'
import type { ApplicationFailure } from '@temporalio/common'
import { failure } from '../../domain/failures.js'
import type { HostPort, OutputChunk, ScriptResult } from '../../drivers/hosts/port.js'
import type { JobContext } from '../kind-runner.js'
import { environmentOf } from '../machine/script-environment.js'
import { mustHaveBegun, settle } from '../machine/settle.js'

const SECRET_BYTES = 120_000

/** A command of somebody else's, run on the job's machine. */
export interface ToolRun {
  /** Distinguishes the runs of one attempt: `plan`, `apply`. Each is once per key. */
  step: string
  /** `worker`: on the worker's own machine, where the tool reaches the target from. Default: on the target. */
  on?: 'worker' | undefined
  /** Lines of a POSIX shell. `$tool_temp` (toolTemp) is a folder for this user only, gone when it ends. */
  lines: readonly string[]
  workDir?: string | undefined
  environment?: Record<string, string> | undefined
  /** Files for this user only in `$tool_temp`: texts that may hold secrets. They come by the environment and lie in no script. */
  secretFiles?: Record<string, string>
  /** What it writes, instead of the release's log. */
  output?: (chunk: OutputChunk) => void
}

/**
 * Run it to its end, whatever it says: its exit code is the caller's to read. Secrets are out of what it returns.
 * @throws CONFIG_INVALID with exit code 127: the machine has no such program; TIMED_OUT, CHECK_FAILED, TARGET_UNREACHABLE as HostPort says
 */
export async function runTool(run: ToolRun, context: JobContext): Promise<ScriptResult> {
  const { environment, lines } = secretsByEnvironment(run.secretFiles ?? {})
  const config = { environment: { ...run.environment, ...environment }, ...(run.workDir !== undefined && { workDir: run.workDir }) }
  const host = await machineOf(run, context)
  const result = await host.run({
    key: `${context.idempotencyKey}/${run.step}`, name: `the step ${run.step}`, script: `${[...prologue(toolTemp(context, run.step)), ...lines, ...run.lines].join('\n')}\n`, interpreter: '/bin/sh', workDir: run.workDir ?? null,
    environment: environmentOf(config, context), timeoutMs: context.timeoutMs,
  }, { output: run.output ?? (({ stream, offset, text }) => { context.log(stream, offset, text) }), signal: context.signal })
  mustHaveBegun(result)
  result.stdout = context.redact(result.stdout, result.truncated)
  result.stderr = context.redact(result.stderr, result.truncated)
  if (result.exitCode === 127) throw failure('CONFIG_INVALID', `${run.step}: the machine has no such program: ${lastWords(result)}`)
  return result
}

/** Runs that a far side did not answer, before this one. What they began is ended, and ours. */
export const roundOf = ({ heartbeatDetails }: Pick<JobContext, 'heartbeatDetails'>): number => typeof heartbeatDetails === 'number' ? heartbeatDetails : 0

/** A failure after which the next try is a run of its own, not this one adopted. */
export function unanswered(message: string, context: JobContext): ApplicationFailure {
  context.heartbeat(roundOf(context) + 1)
  return failure('TARGET_UNREACHABLE', message)
}

/** What programs in Go say when somebody did not answer, or not to the end. A file may end too soon as well: only an address's EOF counts. */
export const saysUnanswered = (said: string): boolean => AWAY.test(said)
const AWAY = /cluster unreachable|connection refused|connection reset by peer|": (?:unexpected )?EOF|broken pipe|client connection (?:lost|force closed)|closed network connection|no route to host|i\/o timeout|TLS handshake timeout|no such host/i

/** The name of a step that is run again because its far side did not answer: `apply`, `apply 2`. @param round runs before it */
export const roundName = (step: string, round: number): string => round === 0 ? step : `${step} ${round + 1}`

/** For an undo: no run of that step of the job, in whichever round, goes on or ever begins, although its worker may be gone. */
export async function settleTool({ step, on }: Pick<ToolRun, 'step' | 'on'>, context: JobContext): Promise<void> {
  const host = await machineOf({ on }, context)
  for (let round = 0; (await settle(`${context.call.idempotencyKey}/${roundName(step, round)}`, context, host)).began; round += 1);
}

const machineOf = async ({ on }: Pick<ToolRun, 'on'>, context: JobContext): Promise<HostPort> => on === 'worker' ? context.ownHost() : context.host()

/** The last lines it wrote: why it failed. */
export function lastWords({ stdout, stderr }: Pick<ScriptResult, 'stdout' | 'stderr'>, lines = 10): string {
  const said = (text: string): string => text.trimEnd().split('\n').slice(-lines).map((line) => line.slice(0, 500)).join('\n')
  return said(stderr) || said(stdout)
}

/** Where one run keeps what must not stay. Nobody can guess it: it comes from the release's id. */
export const toolTemp = ({ idempotencyKey }: Pick<JobContext, 'idempotencyKey'>, step: string): string =>
  `/tmp/releasectl-${createHash('sha256').update(`${idempotencyKey}/${step}`).digest('hex').slice(0, 24)}`

const prologue = (temp: string): string[] => [
  'set -u',
  `tool_temp=${temp}; tool_umask=$(umask); umask 077`,
  'mkdir "$tool_temp" || exit 125', // somebody else's would not do
  'trap \'rm -rf "$tool_temp"\' EXIT',
  'trap \'exit 143\' TERM INT',
]

function secretsByEnvironment(files: Record<string, string>): { environment: Record<string, string>; lines: string[] } {
  const entries = Object.entries(files).map(([name, text], n) => ({ name, text, variable: `RELEASECTL_FILE_${n}` }))
  for (const { name, text } of entries) if (Buffer.byteLength(text) > SECRET_BYTES) throw failure('CONFIG_INVALID', `${name} is over ${SECRET_BYTES} bytes: more than an environment holds`)
  return {
    environment: Object.fromEntries(entries.map(({ variable, text }) => [variable, text])),
    lines: [...entries.map(({ name, variable }) => `printf '%s' "$${variable}" > "$tool_temp/${name}" && unset ${variable} || exit 125`), 'umask "$tool_umask"'],
  }
}
