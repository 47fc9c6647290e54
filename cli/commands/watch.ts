import { Option, type Command } from 'commander'
import { TARGET_RUN_STATUSES } from '../../domain/target-run.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { renderTree } from '../tree/render.js'
import { releasePath } from '../release-path.js'
import { showTargets } from '../target-tree.js'
import { watchRelease } from '../watch.js'
import type { ReleaseAnswer } from '../watcher.js'

/** `watch` and `status`: a release as a tree, until it has ended or as it is now. */
export function addWatchCommands(program: Command): void {
  program.command('watch <id>').description('watch a release to its end; the exit code tells how it ended')
    .action(action(async ({ api, terminal }, id: string) => watchRelease(api, terminal, id)))
  program.command('status <id>').description('a release as it is now; --targets: each of its targets with its jobs').option('--targets', 'target by target')
    .addOption(new Option('--status <status>', 'with --targets: only those').choices(TARGET_RUN_STATUSES))
    .action(action(async ({ api, terminal }, id: string, { targets, status }: { targets?: boolean; status?: string }) => {
      if (targets === true) return await showTargets({ api, terminal }, id, status)
      const view = await api.get<ReleaseAnswer>(releasePath(id))
      terminal.answer(view, () => renderTree(view, { now: Date.now(), width: Math.min(terminal.width, 120), colour: terminal.colours, frame: 0 }))
      return EXIT.succeeded
    }))
}
