import { mustBeAsInstalled } from '../plugins/installed.js'
import type { InstalledPlugin } from '../plugins/port.js'

export { installPlugin, pluginNamed, removePlugin, updatePlugin } from '../plugins/install.js'
export { kindOf, readLock } from '../plugins/lock-file.js'

/** `good`, or what is wrong with its files. */
export const stateOf = async (home: string, plugin: InstalledPlugin): Promise<string> => mustBeAsInstalled(home, plugin).then(() => 'good', (error: unknown) => (error as Error).message)
