import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { queryOf } from '../query.js'

interface Options { who?: string; action?: string; what?: string; limit: string }
interface Row { at: string; who: string; action: string; what: string; data: unknown }

/** `audit`: who did what, newest first. */
export function addAuditCommand(program: Command): void {
  program.command('audit').description('who did what, newest first (admins)')
    .option('--who <name>', 'only by this person').option('--action <name>', 'only this action').option('--what <thing>', 'only about this thing').option('--limit <n>', 'how many, at most 200', '50')
    .action(action(async ({ api, terminal }, { who, action, what, limit }: Options) => {
      const page = await api.get<{ items: Row[] }>(`/audit${queryOf({ who, action, what, limit })}`)
      terminal.table(page.items, () => ({
        head: ['AT', 'WHO', 'ACTION', 'WHAT', 'DATA'], empty: 'nothing yet',
        rows: page.items.map((row) => [row.at, row.who, row.action, row.what, JSON.stringify(row.data)]),
      }))
      return EXIT.succeeded
    }))
}
