import { Option, type Command } from 'commander'
import type { InstalledPlugin } from '../../plugins/port.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { settingsOf } from '../schema-settings.js'
import type { Terminal } from '../terminal.js'

interface Options { home: string }
const home = (): Option => new Option('--home <folder>', 'of the installation').env('RELEASECTL_HOME').default('.releasectl')
const load = () => import('../plugin-commands.js')

/** `plugins list | info | install | update | remove`: job kinds from outside, in this machine's installation. */
export function addPluginsCommands(program: Command): void {
  const plugins = program.command('plugins').description('job kinds from outside, in the installation on this machine')
  plugins.command('list').description('every plugin, and whether its files are as they were installed').addOption(home()).action(action(async ({ terminal }, options: Options) => {
    const { readLock, stateOf } = await load()
    const rows = await Promise.all(readLock(options.home).map(async (plugin) => ({ ...plugin, state: await stateOf(options.home, plugin) })))
    terminal.table(rows.map(({ name, version, description, source, state }) => ({ name, version, description, source, state })), () => ({
      head: ['PLUGIN', 'VERSION', 'FROM', 'STATE', 'WHAT IT DOES'], empty: 'none',
      rows: rows.map(({ name, version, source, state, description }) => [{ text: name, colour: 'cyan' }, version, source, state === 'good' ? state : { text: 'changed', colour: 'red' }, description]),
    }))
    return EXIT.succeeded
  }))
  plugins.command('info <name>').description('one plugin and its config').addOption(home()).action(action(async ({ terminal }, name: string, options: Options) => {
    const { pluginNamed, stateOf, kindOf } = await load()
    const plugin = pluginNamed(options.home, name)
    const state = await stateOf(options.home, plugin)
    terminal.answer({ ...plugin, state }, () => [
      `${terminal.paint(plugin.name, 'bold')} ${plugin.version}: ${plugin.description}`, `from ${plugin.source}, installed ${plugin.installedAt}`, plugin.integrity, state === 'good' ? 'its files are as they were installed' : terminal.paint(state, 'red'),
      `undone when the release is taken back: ${plugin.parts.includes('rollback') ? 'yes' : 'no'} · timeout unless the plan says: ${plugin.defaultTimeout}`, '', 'config:',
      ...settingsOf(kindOf(plugin).schema).map(({ path, type, required, description }) => `  ${path}  ${terminal.paint(type, 'dim')}${required ? terminal.paint('  required', 'yellow') : ''}${description === '' ? '' : `  ${description}`}`),
    ])
    return EXIT.succeeded
  }))
  plugins.command('install <from>').description('an npm package (name, name@version) or a path (./folder, ./file.mjs); no script of it runs').addOption(home()).action(action(async ({ terminal }, from: string, options: Options) => {
    const { installPlugin } = await load()
    say(terminal, await installPlugin(options.home, from), 'installed')
    return EXIT.succeeded
  }))
  plugins.command('update <name>').description('again from where it came').option('--to <version>', 'of the npm package; default: the newest').addOption(home()).action(action(async ({ terminal }, name: string, options: Options & { to?: string }) => {
    const { updatePlugin } = await load()
    const { before, after } = await updatePlugin(options.home, name, options.to)
    say(terminal, after, before.integrity === after.integrity ? 'unchanged:' : `updated from ${before.version}:`)
    return EXIT.succeeded
  }))
  plugins.command('remove <name>').description('releases that use it can then be neither run nor taken back here').addOption(home()).action(action(async ({ terminal }, name: string, options: Options) => {
    const { removePlugin } = await load()
    say(terminal, await removePlugin(options.home, name), 'removed')
    return EXIT.succeeded
  }))
}

const say = (terminal: Terminal, plugin: InstalledPlugin, what: string): void => { terminal.answer(plugin, () => [`${what} ${plugin.name} ${plugin.version} (${plugin.source})`]) }
