import type { Command } from 'commander'
import { collect } from '../collect.js'
import { action } from '../context.js'

interface Options { environment?: string; var?: string[]; varFile?: string[] }

/** `validate`: every issue of a plan with its line, on this machine. Exit 0 or 2. */
export function addValidateCommand(program: Command): void {
  program.command('validate <file>').description('check a plan on this machine; every issue with its line (exit 0 or 2)')
    .option('-e, --environment <name>', 'for values that differ by environment')
    .option('--var <name=value>', 'a variable; may be repeated', collect).option('--var-file <file>', 'variables as a YAML map; may be repeated', collect)
    .action(action(async ({ terminal }, file: string, { environment, var: pairs, varFile }: Options) => {
      const { collectBundle, checkPlan, givenVariables, printChecked } = await import('../local.js')
      const bundle = collectBundle(file)
      return printChecked(terminal, checkPlan(bundle, { variables: givenVariables(varFile ?? [], pairs ?? []), ...(environment !== undefined && { environment }) }), bundle)
    }))
}
