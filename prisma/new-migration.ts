import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runPostgres } from '../embedded/run-postgres.js'
import { migrate } from '../store/migrate.js'
import { MIGRATIONS } from '../store/migrations.js'
import { nextMigration } from '../store/next-migration.js'

/** `node --import tsx prisma/new-migration.ts NAME`: writes what the schema has and the migrations have not. */
async function main(name: string | undefined): Promise<void> {
  if (!name || !/^[a-z0-9_]+$/.test(name)) throw new Error('say what the migration does: node --import tsx prisma/new-migration.ts add_schedules')
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-migration-'))
  const postgres = await runPostgres(folder)
  try {
    await migrate(postgres.url)
    const script = await nextMigration(postgres.url)
    if (!script) { console.log('migrations and schema agree: nothing to write'); return }
    const target = join(MIGRATIONS, `${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}_${name}`)
    await mkdir(target, { recursive: true })
    await writeFile(join(target, 'migration.sql'), script)
    console.log(`wrote ${target}/migration.sql: read it before you commit it`)
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

await main(process.argv[2])
