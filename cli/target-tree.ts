import type { TargetRun } from '../domain/target-run.js'
import type { Context } from './context.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { queryOf } from './query.js'
import { releasePath } from './release-path.js'
import { spent } from './tree/clock.js'
import { glyph } from './tree/glyphs.js'
import { layOut, line, padTo, span, type Line } from './tree/line.js'

/** Target > stage > job, all of them: page by page from the API. */
export async function showTargets({ api, terminal }: Pick<Context, 'api' | 'terminal'>, id: string, status: string | undefined): Promise<ExitCode> {
  const items: TargetRun[] = []
  let cursor: string | undefined
  do {
    const page: { items: TargetRun[]; next: string | null } = await api.get(`${releasePath(id, '/targets')}${queryOf({ status, cursor, limit: 200 })}`)
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  terminal.answer({ items }, () => items.length === 0 ? ['no targets'] : items.flatMap(targetLines).map((one) => layOut(one, Math.min(terminal.width, 160), terminal.colours)))
  return EXIT.succeeded
}

function targetLines({ target, stage, status, message, jobs, startedAt, endedAt }: TargetRun): Line[] {
  const time = spent(startedAt, endedAt, Date.now())
  return [
    line([glyph(GLYPHS[status], 0), span(' '), span(padTo(target.name, 20), 'bold'), span(`  ${stage}  `, 'dim'), span(status), span(message === null ? '' : `  ${message}`, 'dim')], time === null ? [] : [span(time, 'dim')]),
    ...jobs.map((job) => line([span('│ ', 'dim'), glyph(job.status, 0), span(` ${padTo(job.name, 20)}`), span(`  ${job.kind}`, 'dim'), span(job.message === null ? '' : `  ${job.message}`, 'dim')])),
  ]
}

const GLYPHS = { pending: 'pending', waiting: 'waiting', running: 'running', succeeded: 'succeeded', failed: 'failed', skipped: 'skipped', stopped: 'stopped', undone: 'undone', stuck: 'failed', uninstalled: 'undone' } as const
