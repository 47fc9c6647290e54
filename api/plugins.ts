import { failure } from '../domain/failures.js'
import type { Kind } from '../plan/kind.js'
import { kindOf, readLock } from '../plugins/lock-file.js'
import { mustBeAsInstalled } from '../plugins/installed.js'
import type { InstalledPlugin } from '../plugins/port.js'

export type PluginRow = Omit<InstalledPlugin, 'entry' | 'tarball'> & { type: string; good: boolean; problem: string | null }

/** The plugins of this installation's folder, as the lock file has them. */
export class Plugins {
  readonly #home: string
  constructor(home: string) { this.#home = home }

  /** What plans may use besides this build's own kinds. @throws CONFIG_INVALID */
  kinds(): Kind[] { return readLock(this.#home).map(kindOf) }

  async list(): Promise<PluginRow[]> {
    return Promise.all(readLock(this.#home).map(async ({ entry: _entry, tarball: _tarball, ...plugin }) => {
      const problem = await mustBeAsInstalled(this.#home, { ...plugin, entry: '', tarball: null }).then(() => null, (error: unknown) => (error as Error).message)
      return { ...plugin, type: plugin.name, good: problem === null, problem }
    }))
  }

  /** @throws NOT_FOUND */
  async get(name: string): Promise<PluginRow> {
    const found = (await this.list()).find((plugin) => plugin.name === name)
    if (!found) throw failure('NOT_FOUND', `no plugin ${name}`)
    return found
  }
}
