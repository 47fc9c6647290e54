import { failure, isFailureCode } from '../../domain/failures.js'
import type { HostPort, ScriptResult } from '../../drivers/hosts/port.js'
import type { JobContext } from '../kind-runner.js'

const NEVER = 'releasectl.settled'
const SETTLED = ['TIMED_OUT', 'CHECK_FAILED', 'CONFIG_INVALID']
/** From the start of the run: time enough for the line below, and what is left to anything else. */
const WITHIN_MS = 5000

/**
 * The run of a key is over after this, for good: one that is under way is stopped, and one that never began never will,
 * as this takes its key. So an undo never acts beside what it takes back.
 * @param on the machine it runs on: the job's own, where it is left out
 * @returns `began: false` when it certainly never did; the outputs of one that had ended
 */
export async function settle(key: string, context: JobContext, on?: HostPort): Promise<{ began: boolean; outputs: Record<string, string> }> {
  const host = on ?? await context.host()
  try {
    const { outputs } = await host.run({ key, script: `echo ${NEVER}=never >> "$RELEASECTL_OUTPUT"`, interpreter: '/bin/sh', workDir: null, environment: {}, timeoutMs: WITHIN_MS }, { output: () => undefined, signal: context.signal })
    return outputs[NEVER] === undefined ? { began: true, outputs } : { began: false, outputs: {} }
  } catch (error) {
    const { type } = error as { type?: string }
    if (!isFailureCode(type) || !SETTLED.includes(type)) throw error
    return { began: true, outputs: {} }
  }
}

/** @throws CHECK_FAILED when the run's key was taken by an undo before it began */
export function mustHaveBegun({ outputs }: ScriptResult): void {
  if (outputs[NEVER] !== undefined) throw failure('CHECK_FAILED', 'it was taken back before it began')
}
