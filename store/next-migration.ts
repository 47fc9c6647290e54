import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { NO_FILTERS } from './migrations.js'
import { withSchemaEngine } from './schema-engine.js'

const SCHEMA = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url))

/**
 * The SQL that takes a migrated database to prisma/schema.prisma.
 * @returns '' when migrations and schema agree
 */
export async function nextMigration(databaseUrl: string, schemaFile: string = SCHEMA): Promise<string> {
  const files = [{ path: schemaFile, content: await readFile(schemaFile, 'utf8') }]
  const { exitCode, stdout } = await withSchemaEngine(databaseUrl, (engine) => engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: '.' }, to: { tag: 'schemaDatamodel', files },
    script: true, exitCode: true, filters: NO_FILTERS,
  }))
  return exitCode === 2 ? stdout ?? '' : ''
}
