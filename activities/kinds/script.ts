import { failure } from '../../domain/failures.js'
import type { ScriptResult } from '../../drivers/hosts/port.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { environmentOf } from './script-environment.js'

type Config = ConfigOf<'script'>
const OUTPUT_BYTES = 4096
const LAST_LINES = 10
const LINE_CHARACTERS = 500

/** Scripts on the job's machine, each once per idempotency key. */
export const scriptRunner: KindRunner<Config> = {
  async execute(config, context): Promise<JobResult> {
    const result = await runScript(config.script, config, context)
    const missing = config.outputs?.filter((name) => !(name in result.outputs)) ?? []
    if (missing.length > 0) throw failure('CHECK_FAILED', `the script did not write ${missing.join(', ')} to $RELEASECTL_OUTPUT`)
    return {
      outputs: { ...result.outputs, exitCode: result.exitCode, stdout: Buffer.from(result.stdout).subarray(-OUTPUT_BYTES).toString('utf8').trimEnd() },
      message: lastLines(result.stdout, 1) || 'exit code 0',
      artifacts: (['stdout', 'stderr'] as const).filter((name) => result[name] !== '').map((name) => ({ name, contentType: 'text/plain', text: result[name] })),
    }
  },

  async rollback(config, _snapshot, context) {
    if (config.rollbackScript !== undefined) await runScript(config.rollbackScript, config, context)
  },
}

/** Run a script of a job: its text, or the file of the bundle it names. @throws CHECK_FAILED with the last lines it wrote when it says no */
export async function runScript(script: string, config: { interpreter: string; workDir?: string; environment: Record<string, string> }, context: JobContext): Promise<ScriptResult> {
  const host = await context.host()
  const result = await host.run({
    key: context.idempotencyKey, script: await textOf(script, context), interpreter: config.interpreter, workDir: config.workDir ?? null,
    environment: environmentOf(config, context), timeoutMs: context.timeoutMs,
  }, { output: ({ stream, offset, text }) => { context.log(stream, offset, text) }, signal: context.signal })
  result.stdout = context.redact(result.stdout, result.truncated)
  result.stderr = context.redact(result.stderr, result.truncated)
  if (result.exitCode === 0) return result
  const said = lastLines(result.stderr, LAST_LINES) || lastLines(result.stdout, LAST_LINES)
  throw failure('CHECK_FAILED', `the script ended with exit code ${result.exitCode}${said && `:\n${said}`}`)
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
