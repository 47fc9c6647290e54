import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../domain/failures.js'
import type { Kind } from '../plan/kind.js'
import { planSchema } from '../plan/plan-keywords.js'
import type { TObject } from 'typebox'
import type { InstalledPlugin } from './port.js'

export const pluginsFolder = (home: string): string => join(home, 'plugins')
const lockFile = (home: string): string => join(pluginsFolder(home), 'lock.json')

/** Every plugin of an installation, by name. Reads only this file: no code of a plugin runs. @throws CONFIG_INVALID when it is no lock file */
export function readLock(home: string): InstalledPlugin[] {
  let text: string
  try { text = readFileSync(lockFile(home), 'utf8') } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw failure('CONFIG_INVALID', `${lockFile(home)}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`)
  }
  try { return (JSON.parse(text) as { plugins: InstalledPlugin[] }).plugins.map((plugin) => ({ ...plugin })) } catch {
    throw failure('CONFIG_INVALID', `${lockFile(home)} is no lock file of plugins`)
  }
}

/** All of it or, on any failure, the one before. */
export async function writeLock(home: string, plugins: InstalledPlugin[]): Promise<void> {
  await mkdir(pluginsFolder(home), { recursive: true })
  const draft = `${lockFile(home)}.${process.pid}`
  await writeFile(draft, `${JSON.stringify({ lockVersion: 1, plugins: [...plugins].sort((a, b) => a.name < b.name ? -1 : 1) }, null, 2)}\n`)
  await rename(draft, lockFile(home))
}

/** A plugin as plans see it: `type: <name>`, or `plugin:<name>` where a kind of releasectl's own has the name. */
export function kindOf({ name, description, version, configSchema, parts, defaultTimeout, integrity }: InstalledPlugin): Kind {
  return {
    name: `plugin.${name}`, aliases: [`plugin:${name}`, name], description, version, schema: planSchema(configSchema) as TObject,
    runsIn: 'activity', acts: true, snapshot: parts.includes('snapshot'), undo: parts.includes('rollback'), defaultTimeout, variables: true, integrity,
  }
}

/** The kinds of every plugin that is installed. */
export const pluginKinds = (home: string): Kind[] => readLock(home).map(kindOf)
