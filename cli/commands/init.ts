import { readFileSync, writeFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { failure } from '../../domain/failures.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

interface Options { kind: string; force?: boolean }
export const STARTERS = ['canary', 'blue-green', 'script'] as const

/** `init`: a first plan with comments, ready to run. */
export function addInitCommand(program: Command): void {
  program.command('init [file]').description('write a first plan with comments (release.yaml)')
    .addOption(new Option('--kind <kind>', 'what it shows').choices(STARTERS).default('canary')).option('--force', 'overwrite the file')
    .action(action(async ({ terminal }, file: string | undefined, { kind, force }: Options) => {
      const path = file ?? 'release.yaml'
      const text = readFileSync(new URL(`../starters/${kind}.yaml`, import.meta.url), 'utf8').replaceAll('release.yaml', path)
      try { writeFileSync(path, text, { flag: force === true ? 'w' : 'wx' }) } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        throw failure('REQUEST_INVALID', code === 'EEXIST' ? `${path} is there already\n--force overwrites it` : `${path} cannot be written: ${code ?? ''}`)
      }
      terminal.answer({ file: path, kind }, () => [`${path} written (${kind})`, `  releasectl validate ${path}`, `  releasectl explain ${path}`, `  releasectl run ${path} --environment staging --watch`])
      return EXIT.succeeded
    }))
}
