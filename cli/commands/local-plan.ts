import type { Command } from 'commander'
import { collect } from '../collect.js'
import { action } from '../context.js'
import { dryRun } from '../dry-run.js'

interface Options { project?: string; environment?: string; version?: string; var?: string[]; varFile?: string[]; diff?: boolean }

/** `validate` and `explain`, both on this machine: every issue of a plan with its line; what it will do and what would be undone. Exit 0 or 2. */
export function addLocalPlanCommands(program: Command): void {
  withOptions(program.command('validate <file>').description('check a plan on this machine; every issue with its line (exit 0 or 2)'))
    .action(action(async ({ terminal }, file: string, options: Options) => {
      const { printChecked } = await import('../local.js')
      const { result, bundle } = await compiled(file, options)
      return printChecked(terminal, result, bundle)
    }))
  withOptions(program.command('explain <file>').description('what a plan will do, how long it takes, what would be undone'))
    .option('--version <version>', 'instead of the plan\'s').option('--diff', 'and what would change, asked of every driver by the server; nothing is touched')
    .action(action(async ({ api, terminal }, file: string, options: Options) => {
      const { planSource, printExplained, releaseRequest } = await import('../local.js')
      const { result, bundle } = await compiled(file, options)
      if (options.diff !== true || !result.valid) return printExplained(terminal, result, bundle)
      const source = planSource(file)
      return dryRun(api, terminal, source, releaseRequest(source, options))
    }))
}

const withOptions = (command: Command): Command => command
  .option('-p, --project <name>', 'as `run` takes it').option('-e, --environment <name>', 'for values that differ by environment')
  .option('--var <name=value>', 'a variable; may be repeated', collect).option('--var-file <file>', 'variables as a YAML map; may be repeated', collect)

async function compiled(file: string, { project, environment, version, var: pairs, varFile }: Options) {
  const { collectBundle, checkPlan, givenVariables } = await import('../local.js')
  const bundle = collectBundle(file)
  const given = { ...(project !== undefined && { project }), ...(environment !== undefined && { environment }), ...(version !== undefined && { version }) }
  return { bundle, result: checkPlan(bundle, { variables: givenVariables(varFile ?? [], pairs ?? []), ...given }) }
}
