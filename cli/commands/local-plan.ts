import type { Command } from 'commander'
import { collect } from '../collect.js'
import { action } from '../context.js'

interface Options { project?: string; environment?: string; var?: string[]; varFile?: string[] }

/** `validate` and `explain`, both on this machine: every issue of a plan with its line; what it will do and what would be undone. Exit 0 or 2. */
export function addLocalPlanCommands(program: Command): void {
  for (const [name, description] of [['validate', 'check a plan on this machine; every issue with its line (exit 0 or 2)'], ['explain', 'what a plan will do, how long it takes, what would be undone']] as const) program.command(`${name} <file>`).description(description)
    .option('-p, --project <name>', 'as `run` takes it').option('-e, --environment <name>', 'for values that differ by environment')
    .option('--var <name=value>', 'a variable; may be repeated', collect).option('--var-file <file>', 'variables as a YAML map; may be repeated', collect)
    .action(action(async ({ terminal }, file: string, { project, environment, var: pairs, varFile }: Options) => {
      const { collectBundle, checkPlan, givenVariables, printChecked, printExplained } = await import('../local.js')
      const bundle = collectBundle(file)
      const print = name === 'validate' ? printChecked : printExplained
      return print(terminal, checkPlan(bundle, { variables: givenVariables(varFile ?? [], pairs ?? []), ...(project !== undefined && { project }), ...(environment !== undefined && { environment }) }), bundle)
    }))
}
