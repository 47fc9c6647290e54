import { Client } from 'pg'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import { NO_FILTERS, readMigrations } from './migrations.js'
import { withSchemaEngine } from './schema-engine.js'

/** Any fixed number: whoever migrates this database holds the advisory lock of this key. */
const MIGRATION_LOCK = 7_353_201

/**
 * Bring the database to this version's schema. Running it twice, or from two processes at once, is harmless.
 * @returns names of the migrations applied now, oldest first
 * @throws Error when the database was migrated by a newer releasectl, or an earlier migration stopped half-way
 */
export async function migrate(databaseUrl: string, migrations?: MigrationList): Promise<string[]> {
  const migrationsList = migrations ?? await readMigrations()
  const guard = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  await guard.connect()
  try {
    await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const known = migrationsList.migrationDirectories.map(({ path }) => path)
    const applied = await appliedMigrations(guard)
    refuseNewer(applied, known)
    if (known.every((name) => applied.includes(name))) return []
    return await withSchemaEngine(databaseUrl, async (engine) =>
      (await engine.applyMigrations({ migrationsList, filters: NO_FILTERS })).appliedMigrationNames)
  } finally {
    await guard.end() // the session's end frees the lock
  }
}

/** Finished migrations by the database's own record; none in a fresh one. */
async function appliedMigrations(guard: Client): Promise<string[]> {
  const { rows: [table] } = await guard.query<{ name: string | null }>(`select to_regclass('_prisma_migrations')::text as name`)
  if (!table?.name) return []
  const { rows } = await guard.query<{ name: string }>(
    `select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is null order by 1`)
  return rows.map(({ name }) => name)
}

function refuseNewer(applied: string[], known: string[]): void {
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  throw new Error(`the database is newer than this releasectl: it has ${unknown.join(', ')}, this version knows up to ${known.at(-1) ?? 'nothing'}; use the releasectl that migrated it, or a newer one`)
}
