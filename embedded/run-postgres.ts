import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './child.js'
import { freePort } from './ports.js'
import { ensureDatabase, postgresCommand, postgresQuery, postgresUrl, preparePostgres } from './postgres.js'

export interface RunningPostgres { url: string, stop: () => Promise<void> }

/** A PostgreSQL of its own in `folder`, on a free port, for tests and for writing migrations. Its data need not outlive a power cut. */
export async function runPostgres(folder: string): Promise<RunningPostgres> {
  const password = 'releasectl'
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711) // the user that runs it for root must pass through
  const child = new Child({
    name: 'postgres', logFile: join(folder, 'postgres.log'), stopSignal: 'SIGINT', graceMs: 20_000,
    command: async () => postgresCommand(await preparePostgres(join(folder, 'postgres'), port, password), ['-c', 'fsync=off', '-c', 'max_connections=300']),
    isReady: async () => (await postgresQuery(postgresUrl({ port, password }, 'postgres'), 'select 1')).length === 1,
  })
  await child.start()
  await ensureDatabase({ port, password }, 'releasectl')
  return { url: postgresUrl({ port, password }, 'releasectl'), stop: () => child.stop() }
}
