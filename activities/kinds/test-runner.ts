import { failure } from '../../domain/failures.js'
import type { ScriptResult } from '../../drivers/hosts/port.js'
import type { TestRunnerConfig } from '../../plan/kinds/test-runner.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { Collected, collectLines } from '../test-reports/collect.js'
import { readJUnit } from '../test-reports/junit.js'
import { sum, type TestResults } from '../test-reports/results.js'
import { isTap, readTap } from '../test-reports/tap.js'
import { bundleParts, deliveryLines } from '../tools/delivery.js'
import { lastWords, runTool } from '../tools/run-tool.js'
import { shellLine } from '../tools/shell.js'

const USUAL_REPORTS = ['*.xml', '*.tap', 'reports/*.xml', 'reports/*.tap']
const ARTIFACT_CHARACTERS = 65_536
const LOGGED = 200

/** What the command was: how it ended, and where its reports lie. */
interface Ran { result: ScriptResult; folder: string; startedAt: string }

export const testRunner: KindRunner<TestRunnerConfig> = {
  /** @throws CHECK_FAILED when tests failed, none ran, there is no report, or the command failed although no test did */
  async execute(config, context): Promise<JobResult> {
    const ran = config.command !== undefined || config.testSuite !== undefined && config.reports === undefined ? await runTests(config, context) : null
    const reports = await readReports(config, ran, context)
    const results = sum([...reports.values()])
    const told = reporter(results, context)
    mustBeGood(config, results, ran, told)
    const { passed, failed, skipped, durationMs, failures } = results
    return {
      outputs: { passed, failed, skipped, total: passed + failed + skipped, durationMs, failures: failures.slice(0, config.showFailures).map(({ name, message }) => ({ name, message })), reports: [...reports.keys()] },
      message: told, artifacts: failures.length === 0 ? [] : [{ name: 'failed-tests', contentType: 'text/plain', text: listOf(results).slice(0, ARTIFACT_CHARACTERS) }],
    }
  },

  async preview({ testSuite, reports, command }, context) {
    return [{ what: `tests ${testSuite ?? context.call.job}`, action: 'run', before: null, after: command === undefined && reports !== undefined ? `reads ${[reports].flat().join(', ')}` : 'run on the machine' }]
  },
}

async function runTests(config: TestRunnerConfig, context: JobContext): Promise<Ran> {
  const script = await scriptOf(config, context)
  const files = await bundleParts(config.files ?? [], (path) => context.bundleFolder(path))
  const lines = [
    ...deliveryLines(files, '"$PWD"'),
    ...script === null ? [] : deliveryLines({ command: script }, '"$tool_temp"'),
    // By the clock that dates files, which lags behind `date` by some milliseconds; later than what was delivered.
    ': > "$tool_temp/delivered"; until [ "$tool_temp/begun" -nt "$tool_temp/delivered" ]; do : > "$tool_temp/begun"; done',
    'started=$(date -r "$tool_temp/begun" +%s.%N); case $started in *N*) started=${started%.*};; esac',
    'printf \'started=%s\\nfolder=%s\\n\' "$started" "$PWD" > "$RELEASECTL_OUTPUT"',
    script === null ? shellLine([config.testSuite ?? '']) : `${shellLine(config.interpreter.trim().split(/\s+/))} "$tool_temp/command"`,
  ]
  const result = await runTool({ step: config.testSuite === undefined ? 'tests' : `test suite ${config.testSuite}`, lines, workDir: config.workDir, environment: environmentFor(config) }, context)
  return { result, folder: result.outputs['folder'] ?? '.', startedAt: result.outputs['started'] ?? '0' }
}

/** The command, or the bundle's file that is the suite; null: a program of the machine's. @throws CONFIG_INVALID for a file there is not */
async function scriptOf({ command, testSuite = '' }: TestRunnerConfig, context: JobContext): Promise<string | null> {
  if (command !== undefined) {
    const name = command.trim()
    const file = /\s/.test(name) ? null : await context.bundleFile(name)
    if (file === null && /^\.\/\S+$/.test(name)) throw failure('CONFIG_INVALID', `the bundle has no file ${name}`)
    return file ?? command
  }
  for (const path of [testSuite, `${testSuite}.sh`, `tests/${testSuite}`, `tests/${testSuite}.sh`]) {
    const file = await context.bundleFile(path)
    if (file !== null) return file
  }
  return null
}

const environmentFor = ({ environment, testSuite }: TestRunnerConfig): Record<string, string> => ({
  ...(testSuite !== undefined && { TEST_SUITE: testSuite }), ...(typeof environment === 'string' ? { TEST_ENVIRONMENT: environment } : environment),
})

/** By file. What the command printed counts where there is no file. @throws CHECK_FAILED: none, or one that is not whole */
async function readReports({ reports, workDir }: TestRunnerConfig, ran: Ran | null, context: JobContext): Promise<Map<string, TestResults>> {
  const patterns = reports === undefined ? USUAL_REPORTS : [reports].flat()
  const collected = new Collected()
  const found = await runTool({
    step: 'reports', output: (chunk) => { collected.add(chunk) }, ...(ran === null && { workDir }),
    lines: collectLines({ folder: ran?.folder ?? null, patterns, startedAt: ran?.startedAt ?? null }),
  }, context)
  if (found.exitCode !== 0) throw failure('CHECK_FAILED', `the reports cannot be read: ${lastWords(found)}`)
  const files = collected.files()
  if (files.size === 0 && ran && isTap(ran.result.stdout)) {
    if (ran.result.truncated) throw failure('CHECK_FAILED', 'the tests print more TAP than 64 KiB: let them write it to a file, and name it in reports')
    files.set('stdout', ran.result.stdout)
  }
  if (files.size === 0) throw failure('CHECK_FAILED', `no report: nothing${ran ? ' new' : ''} at ${patterns.join(', ')} in ${ran?.folder ?? workDir ?? 'the working folder'}${ran ? `; the tests ended with exit code ${ran.result.exitCode}:\n${lastWords(ran.result)}` : ''}`)
  return new Map([...files].map(([path, text]) => [path, readOne(path, text)]))
}

function readOne(path: string, text: string): TestResults {
  try { return text.trimStart().startsWith('<') ? readJUnit(text) : readTap(text) } catch (error) {
    throw failure('CHECK_FAILED', `report ${path}: ${(error as Error).message}`)
  }
}

function mustBeGood({ maxFailures, minPassRate, showFailures }: TestRunnerConfig, results: TestResults, ran: Ran | null, told: string): void {
  const { passed, failed, failures, broken } = results
  const named = failures.slice(0, showFailures).map(({ name, message }) => `\n- ${name}${message === '' ? '' : `: ${message.split('\n')[0] ?? ''}`}`).join('')
  const more = failures.length > showFailures ? `\n… and ${failures.length - showFailures} more` : ''
  if (broken.length > 0) throw failure('CHECK_FAILED', `${broken.join('; ')} (${told})${named}`)
  if (passed + failed === 0) throw failure('CHECK_FAILED', `no test ran (${told})`)
  const allowed = maxFailures ?? (minPassRate === undefined ? 0 : Infinity)
  if (failed > allowed) throw failure('CHECK_FAILED', `${told}; ${allowed === 0 ? 'none may fail' : `at most ${allowed} may fail`}${named}${more}`)
  const rate = passed / (passed + failed) * 100
  if (minPassRate !== undefined && rate < minPassRate) throw failure('CHECK_FAILED', `${told}: ${rate.toFixed(1)} % passed, under ${minPassRate} %${named}${more}`)
  if (ran && ran.result.exitCode !== 0 && failed === 0) throw failure('CHECK_FAILED', `${told}, but the command ended with exit code ${ran.result.exitCode}:\n${lastWords(ran.result)}`)
}

/** Failed tests to the log, all of them up to 200. @returns the one line */
function reporter(results: TestResults, context: JobContext): string {
  const { passed, failed, skipped } = results
  const told = `${passed} of ${passed + failed} tests passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`
  context.log('info', 0, `${told}\n${listOf({ ...results, failures: results.failures.slice(0, LOGGED) })}`)
  return told
}

const listOf = ({ failures }: TestResults): string => failures.map(({ name, message }) => `failed: ${name}${message === '' ? '' : `: ${message}`}\n`).join('')
