import { join, resolve } from 'node:path'
import { failure } from '../domain/failures.js'
import type { Json } from '../domain/json.js'
import type { Kind } from '../plan/kind.js'
import { folderIntegrity } from './integrity.js'
import { kindOf, pluginsFolder, readLock } from './lock-file.js'
import type { InstalledPlugin, PluginCall, PluginEars, PluginPort } from './port.js'
import { runPlugin } from './process.js'

/** The plugins under `home`. The lock file is read anew each time: what is installed while the worker runs is there. */
export class InstalledPlugins implements PluginPort {
  readonly #home: string
  constructor(home: string) { this.#home = resolve(home) }

  async find(name: string): Promise<{ plugin: InstalledPlugin; kind: Kind } | null> {
    const plugin = readLock(this.#home).find((one) => one.name === name)
    return plugin ? { plugin, kind: kindOf(plugin) } : null
  }

  async call(name: string, call: PluginCall, ears: PluginEars): Promise<Json> {
    const found = await this.find(name)
    if (!found) throw failure('CONFIG_INVALID', `plugin ${name} is not installed here`)
    await mustBeAsInstalled(this.#home, found.plugin)
    return runPlugin(name, join(pluginsFolder(this.#home), name, found.plugin.entry), call, ears)
  }
}

/** @throws CONFIG_INVALID when a file was changed, added or taken away since it was installed */
export async function mustBeAsInstalled(home: string, { name, version, integrity }: InstalledPlugin): Promise<void> {
  const now = await folderIntegrity(join(pluginsFolder(home), name)).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'nothing'; throw error })
  if (now !== integrity) throw failure('CONFIG_INVALID', `plugin ${name} ${version} is not as it was installed: its files are ${now.slice(0, 23)}…, the lock file says ${integrity.slice(0, 23)}…. If that is meant, install it again: releasectl plugins update ${name}`)
}
