import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { renderTree } from '../tree/render.js'
import { releasePath } from '../release-path.js'
import { watchRelease } from '../watch.js'
import type { ReleaseAnswer } from '../watcher.js'

/** `watch` and `status`: a release as a tree, until it has ended or as it is now. */
export function addWatchCommands(program: Command): void {
  program.command('watch <id>').description('watch a release to its end; the exit code tells how it ended')
    .action(action(async ({ api, terminal }, id: string) => watchRelease(api, terminal, id)))
  program.command('status <id>').description('a release as it is now')
    .action(action(async ({ api, terminal }, id: string) => {
      const view = await api.get<ReleaseAnswer>(releasePath(id))
      terminal.answer(view, () => renderTree(view, { now: Date.now(), width: Math.min(terminal.width, 120), colour: terminal.colours, frame: 0 }))
      return EXIT.succeeded
    }))
}
