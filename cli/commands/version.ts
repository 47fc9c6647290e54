import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

export const ownVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** `version`, also `--version`. */
export function addVersionCommand(program: Command): void {
  program.command('version').description('of this command and of Node')
    .action(action(async ({ terminal }) => {
      const versions = { releasectl: ownVersion(), node: process.versions.node }
      terminal.answer(versions, () => [`releasectl ${versions.releasectl} (Node ${versions.node})`])
      return EXIT.succeeded
    }))
}
