import type { Command } from 'commander'
import { failure } from '../../domain/failures.js'
import type { Kind } from '../../plan/kind.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { settingsOf } from '../schema-settings.js'

const loadKinds = async (): Promise<Kind[]> => Object.values((await import('../../plan/kinds/index.js')).KINDS)

/** `kinds list | info`: what a job's `type` may be. Known without a server. */
export function addKindsCommands(program: Command): void {
  const group = program.command('kinds').description('what a job\'s type may be')
  group.command('list').description('every kind').action(action(async ({ terminal }) => {
    const rows = (await loadKinds()).map(({ name, aliases, description, version, undo }) => ({ name, aliases, description, version, undo }))
    terminal.table(rows, () => ({
      head: ['KIND', 'ALSO', 'UNDO', 'WHAT IT DOES'], empty: 'none',
      rows: rows.map(({ name, aliases, description, undo }) => [{ text: name, colour: 'cyan' }, aliases.join(', '), undo ? 'yes' : 'no', description]),
    }))
    return EXIT.succeeded
  }))
  group.command('info <kind>').description('one kind and its config; -o json prints the JSON Schema').action(action(async ({ terminal }, name: string) => {
    const kinds = await loadKinds()
    const kind = kinds.find((one) => one.name === name || one.aliases.includes(name))
    if (!kind) throw failure('REQUEST_INVALID', `no kind ${name}; there are: ${kinds.map((one) => one.name).join(', ')}`)
    const { aliases, description, version, undo, snapshot, defaultTimeout, schema } = kind
    terminal.answer({ name: kind.name, aliases, description, version, undo, snapshot, defaultTimeout, schema }, () => [
      `${terminal.paint(kind.name, 'bold')}${aliases.length > 0 ? ` (also ${aliases.join(', ')})` : ''}: ${description}`,
      `undone when the release is taken back: ${undo ? 'yes' : 'no'} · timeout unless the plan says: ${defaultTimeout}`, '', 'config:',
      ...settingsOf(schema).map(({ path, type, required, description: text }) => `  ${path}  ${terminal.paint(type, 'dim')}${required ? terminal.paint('  required', 'yellow') : ''}${text === '' ? '' : `  ${text}`}`),
    ])
    return EXIT.succeeded
  }))
}
