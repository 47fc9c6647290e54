import type { JsonObject } from '../domain/json.js'
import { compilePlan, type CompileResult } from '../plan/compile.js'
import { placeholderContext } from '../plan/context.js'
import { explainPlan, type Explanation } from '../plan/explain.js'
import { pluginKinds } from '../plugins/lock-file.js'
import { formatIssues } from '../plan/format-issues.js'
import type { Bundle } from './bundle.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { givenEnvironment } from './given-variables.js'
import type { Terminal } from './terminal.js'

/** What a plan is checked against without a server; what is left out is made up. */
export interface CheckWith { project?: string; environment?: string; version?: string; variables?: JsonObject }

/** Compile on this machine. The environment may be given later, so that a plan can be checked where its secrets are not. */
export function checkPlan(bundle: Bundle, { project, environment, version, variables }: CheckWith): CompileResult {
  const { release, layers } = placeholderContext()
  const kinds = pluginKinds(process.env['RELEASECTL_HOME'] ?? '.releasectl')
  return compilePlan(bundle, placeholderContext({
    layers: { ...layers, release: variables ?? {} }, env: givenEnvironment(bundle, [], process.env), environmentName: environment ?? null, kinds,
    release: { ...release, ...(project !== undefined && { project }), ...(version !== undefined && { version }) },
  }))
}

/** Every issue, or that there is none. With -o json exactly `{ valid, issues }`; warnings then go to stderr. */
export function printChecked(terminal: Terminal, result: CompileResult, { entry, files }: Bundle): ExitCode {
  const errors = result.valid ? [] : result.issues.filter(({ severity }) => severity === 'error')
  const warnings = result.valid ? result.warnings : result.issues.filter(({ severity }) => severity === 'warning')
  const issues = errors.map(({ code, file, path, line, column, message, suggestion }) => ({ code, file, path, line, column, message, ...(suggestion !== undefined && { suggestion }) }))
  if (warnings.length > 0) terminal.remark(`${formatIssues(warnings, files, { colour: terminal.colours })}\n`)
  terminal.answer({ valid: result.valid, issues }, () => result.valid
    ? [`${terminal.paint('✔', 'green')} ${entry} is valid: ${countOf(result.plan.stages.length, 'stage')}, ${countOf(result.plan.stages.flatMap(({ jobs }) => jobs).length, 'job')}, ${countOf(Object.keys(files).length, 'file')}`]
    : [formatIssues(errors, files, { colour: terminal.colours }), '', `${terminal.paint('✘', 'red')} ${countOf(errors.length, 'issue')}`])
  return result.valid ? EXIT.succeeded : EXIT.usage
}

/** @throws Error for a plan that is not valid */
export function explained(result: CompileResult): Explanation {
  if (!result.valid) throw new Error('only a valid plan can be explained')
  return explainPlan(result.plan)
}

/** What a valid plan will do and what would be undone; the issues of another. */
export function printExplained(terminal: Terminal, result: CompileResult, bundle: Bundle): ExitCode {
  if (!result.valid) return printChecked(terminal, result, bundle)
  const explanation = explained(result)
  terminal.answer(explanation, () => [explanation.text])
  return EXIT.succeeded
}

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
