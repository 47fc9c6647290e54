import type { Command } from 'commander'
import { isEnding, type ReleaseStatus, type ReleaseView, type Waiting } from '../../domain/release.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { wordOf } from '../tree/glyphs.js'
import { releasePath } from '../release-path.js'
import { watchRelease } from '../watch.js'

interface Options { reason?: string; job?: string; full?: boolean; watch?: boolean; target?: string; stage?: string }
interface Accepted { status: ReleaseStatus; waiting: Waiting[] }

const CONTROLS = {
  pause: 'stop the clock of a release; what runs is finished',
  resume: 'go on after a pause',
  promote: 'skip the rest of a hold; --full: and what comes after it',
  abort: 'stop a release and take everything back',
  retry: 'try again: a failed job, an unclear measurement, or undos that failed',
  rollback: 'take a release back, also after it succeeded; --target: only that one',
  uninstall: 'take off one target what the release installs there',
} as const

/** One command each to steer a release; the release itself says whether it admits it. */
export function addControlCommands(program: Command): void {
  for (const [name, description] of Object.entries(CONTROLS)) {
    const command = program.command(`${name} <id>`).description(description)
      .option('--reason <text>', 'for the journal and the audit').option('-w, --watch', 'go on watching')
    if (name === 'promote') command.option('--full', 'a rollout: go to 100 % now; waves of targets: skip the checks of those that follow, too')
    if (name === 'promote' || name === 'retry') command.option('--job <name>', 'which, when several wait')
    if (name === 'uninstall') command.requiredOption('--target <name>', 'which').option('--stage <name>', 'when several stages run on it')
    if (name === 'retry' || name === 'rollback') command.option('--target <name>', 'only this target, while the others go on').option('--stage <name>', 'when several stages run on it')
    command.action(action(async ({ api, terminal }, id: string, { reason, job, full, watch, target, stage }: Options) => {
      const body = { ...(reason !== undefined && { reason }), ...(job !== undefined && { job }), ...(stage !== undefined && { stage }), ...(name === 'promote' && { to: full === true ? 'full' : 'next' }) }
      const before = watch === true ? await api.get<ReleaseView>(releasePath(id)) : null
      const accepted = await api.post<Accepted>(releasePath(id, target === undefined ? `/${name}` : `/targets/${encodeURIComponent(target)}/${name}`), body)
      if (before) return await watchRelease(api, terminal, id, isEnding(before.status) ? before.sequence : -1)
      terminal.answer(accepted, () => [`${name}${target === undefined ? '' : ` of ${target}`} taken: ${id} is ${wordOf(accepted.status)}`, ...accepted.waiting.map(({ what, where }) => `  waits for ${what}: ${where}`)])
      return EXIT.succeeded
    }))
  }
}
