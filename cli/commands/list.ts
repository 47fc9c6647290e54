import { Option, type Command } from 'commander'
import { STATUSES, type ReleaseStatus } from '../../domain/release.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { queryOf } from '../query.js'
import { spent, wallClock } from '../tree/clock.js'
import { colourOf, wordOf } from '../tree/glyphs.js'

interface Options { project?: string; environment?: string; status?: ReleaseStatus; limit: string }
interface Row { id: string; project: string; version: string; environment: string; status: ReleaseStatus; requestedBy: string; reason: string | null; acceptedAt: string; startedAt: string | null; endedAt: string | null }

/** `list`: releases, newest first. */
export function addListCommand(program: Command): void {
  program.command('list').description('releases, newest first')
    .option('--project <name>', 'only of this project').option('--environment <name>', 'only in this environment')
    .addOption(new Option('--status <status>', 'only in this state').choices(STATUSES)).option('--limit <n>', 'how many, at most 200', '20')
    .action(action(async ({ api, terminal }, { project, environment, status, limit }: Options) => {
      const page = await api.get<{ items: Row[]; next: string | null }>(`/releases${queryOf({ project, environment, status, limit })}`)
      terminal.table(page.items, () => ({
        head: ['RELEASE', 'WHAT', 'STATUS', 'TOOK', 'ACCEPTED', 'BY', 'REASON'], empty: 'no releases; `releasectl run` starts one',
        rows: page.items.map((row) => [
          { text: row.id, colour: 'cyan' }, `${row.project} ${row.version} → ${row.environment}`, { text: wordOf(row.status), colour: colourOf(row.status) },
          spent(row.startedAt, row.endedAt, Date.now()) ?? '–', wallClock(row.acceptedAt, Date.now()), row.requestedBy, row.reason ?? '',
        ]),
      }))
      if (page.next !== null && terminal.output === 'table') terminal.remark('there are more: --limit, --project, --environment, --status')
      return EXIT.succeeded
    }))
}
