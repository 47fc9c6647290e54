import { failure } from '../../domain/failures.js'
import type { ScriptResult } from '../../drivers/hosts/port.js'
import type { JobResult } from '../contract.js'
import type { JobContext } from '../kind-runner.js'
import { mustHaveBegun } from './settle.js'
import { environmentOf } from './script-environment.js'

const OUTPUT_BYTES = 4096
const LAST_LINES = 10
const LINE_CHARACTERS = 500

export interface ScriptSettings {
  interpreter: string
  workDir?: string
  environment: Record<string, string>
  /** For messages; left out: `the script`. */
  name?: string
}

/** Run a script of a job: its text, or the file of the bundle it names. @throws CHECK_FAILED with the last lines it wrote when it says no */
export async function runScript(script: string, config: ScriptSettings, context: JobContext): Promise<ScriptResult> {
  const host = await context.host()
  const { name = 'the script' } = config
  const result = await host.run({
    key: context.idempotencyKey, name, script: await textOf(script, context), interpreter: config.interpreter, workDir: config.workDir ?? null,
    environment: environmentOf(config, context), timeoutMs: context.timeoutMs,
  }, { output: ({ stream, offset, text }) => { context.log(stream, offset, text) }, signal: context.signal })
  mustHaveBegun(result)
  result.stdout = context.redact(result.stdout, result.truncated)
  result.stderr = context.redact(result.stderr, result.truncated)
  if (result.exitCode === 0) return result
  const said = lastLines(result.stderr, LAST_LINES) || lastLines(result.stdout, LAST_LINES)
  throw failure('CHECK_FAILED', `${name} ended with exit code ${result.exitCode}${said && `:\n${said}`}`)
}

/** What a job hands on of a script that ended well. @throws CHECK_FAILED when an output the plan counts on is missing */
export function scriptResult(result: ScriptResult, { outputs, name = 'the script' }: { outputs?: string[]; name?: string }): JobResult {
  const missing = outputs?.filter((output) => !(output in result.outputs)) ?? []
  if (missing.length > 0) throw failure('CHECK_FAILED', `${name} did not write ${missing.join(', ')} to $RELEASECTL_OUTPUT`)
  return {
    outputs: { ...result.outputs, exitCode: result.exitCode, stdout: Buffer.from(result.stdout).subarray(-OUTPUT_BYTES).toString('utf8').trimEnd() },
    message: lastLines(result.stdout, 1) || 'exit code 0',
    artifacts: (['stdout', 'stderr'] as const).filter((stream) => result[stream] !== '').map((stream) => ({ name: stream, contentType: 'text/plain', text: result[stream] })),
  }
}

/** One word that is a file of the bundle is that file; everything else is the script itself. */
async function textOf(script: string, context: JobContext): Promise<string> {
  const name = script.trim()
  const file = /\s/.test(name) ? null : await context.bundleFile(name)
  if (file === null && name.startsWith('./') && !/\s/.test(name)) throw failure('CONFIG_INVALID', `the bundle has no file ${name}`)
  return file ?? script
}

const lastLines = (text: string, count: number): string =>
  text.trimEnd().split('\n').slice(-count).map((line) => line.slice(0, LINE_CHARACTERS)).join('\n')
