import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import type { MigrationList } from '@prisma/schema-engine-wasm'

/** Where the migrations lie: one folder each, `<yyyymmddhhmmss>_<name>/migration.sql`. */
export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url))

/** Tables that Prisma must leave alone: none. */
export const NO_FILTERS = { externalTables: [], externalEnums: [] }

/** The migrations on disk, oldest first, in the shape the schema engine takes. */
export async function readMigrations(folder: string = MIGRATIONS): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map(async (name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: await readFile(join(folder, name, 'migration.sql'), 'utf8') } },
    }))),
  }
}
