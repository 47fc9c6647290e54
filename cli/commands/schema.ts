import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

/** `schema`: for editors. Always JSON. */
export function addSchemaCommand(program: Command): void {
  program.command('schema').description('the JSON Schema of plans, for editors: releasectl schema > plan.schema.json')
    .action(action(async ({ terminal }) => {
      const { planJsonSchema } = await import('../../plan/json-schema.js')
      terminal.line(JSON.stringify(planJsonSchema(), null, 2))
      return EXIT.succeeded
    }))
}
