import { formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { ScriptResult } from '../../drivers/hosts/port.js'
import type { JobContext } from '../kind-runner.js'
import { mustHaveBegun } from './settle.js'

const TIMEOUT_MS = 60_000
const WORDS_CHARACTERS = 500

export interface Question {
  /** Names the run, which happens once: the next attempt gets the first one's answer. `fresh()` for an answer of now. */
  key: string
  /** For /bin/sh, of ours: nothing in it comes from a plan. */
  script: string
  environment: Record<string, string>
  timeoutMs?: number
  /** Exit codes besides 0 that are answers. */
  answers?: number[]
  /** For messages: `reading what is installed`. */
  what: string
}

/** A few lines of shell of our own on the job's machine; nothing of it goes to the release's log. @throws CHECK_FAILED with what it said; TIMED_OUT */
export async function ask({ key, script, environment, timeoutMs = TIMEOUT_MS, answers = [], what }: Question, context: JobContext): Promise<ScriptResult> {
  const host = await context.host()
  const result = await host.run({ key, script, interpreter: '/bin/sh', workDir: null, environment, timeoutMs }, { output: () => undefined, signal: context.signal }).catch((error: unknown) => {
    throw (error as { type?: string }).type === 'TIMED_OUT' ? failure('TIMED_OUT', `${what}${onTarget(context)} took longer than ${formatDuration(timeoutMs)} and was stopped`) : error
  })
  mustHaveBegun(result)
  if (result.exitCode === 0 || answers.includes(result.exitCode)) return result
  const said = context.redact(result.stderr.trim() || result.stdout.trim()).slice(-WORDS_CHARACTERS)
  throw failure('CHECK_FAILED', `${what}${onTarget(context)} ended with exit code ${result.exitCode}${said && `: ${said}`}`)
}

/** ` on web-1`, where the job has a target. */
export const onTarget = ({ target }: Pick<JobContext, 'target'>): string => target ? ` on ${target.name}` : ''

/** Part of a key that nobody has used. */
export const fresh = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
