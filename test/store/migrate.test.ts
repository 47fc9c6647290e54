import { expect, test } from 'vitest'
import { postgresQuery } from '../../embedded/postgres.js'
import { migrate } from '../../store/migrate.js'
import { readMigrations } from '../../store/migrations.js'
import { nextMigration } from '../../store/next-migration.js'
import { testDatabase } from '../support/servers.js'

test('migrations and schema agree', async () => {
  expect(await nextMigration(await testDatabase())).toBe('')
})

test('a migrated database is left as it is', async () => {
  expect(await migrate(await testDatabase())).toEqual([])
})

test('two migrations of one fresh database at once apply each migration once', async () => {
  const url = await emptyDatabase()
  const names = (await readMigrations()).migrationDirectories.map(({ path }) => path)
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)])
  expect(applied.flat().sort()).toEqual(names)
})

test('a database of a newer version is refused by the names it has', async () => {
  const url = await testDatabase()
  await postgresQuery(url, `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at) values ('x', 'x', '29991231000000_flying_cars', now(), now())`)
  await expect(migrate(url)).rejects.toThrow('newer than this releasectl: it has 29991231000000_flying_cars')
})

async function emptyDatabase(): Promise<string> {
  const url = await testDatabase()
  await postgresQuery(url, 'drop schema public cascade')
  await postgresQuery(url, 'create schema public')
  return url
}
