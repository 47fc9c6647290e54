import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Child } from '../../embedded/child.js'
import { freePort } from '../../embedded/ports.js'
import { postgresCommand, postgresQuery, postgresUrl, preparePostgres } from '../../embedded/postgres.js'

test('PostgreSQL runs from a folder that is closed to other users, and finds its data there again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'releasectl-closed-')) // mode 700
  const [data, password] = [join(folder, 'postgres'), 'secret']
  try {
    for (const statement of ['create table kept as select 42 as answer', 'select answer from kept']) {
      const port = await freePort()
      const url = postgresUrl({ port, password }, 'postgres')
      const child = new Child({
        name: 'postgres', logFile: join(folder, 'postgres.log'), stopSignal: 'SIGINT', graceMs: 20_000,
        command: async () => postgresCommand(await preparePostgres(data, port, password)),
        isReady: async () => (await postgresQuery(url, 'select 1')).length === 1,
      })
      await child.start()
      const rows = await postgresQuery(url, statement)
      await child.stop()
      expect(rows).toEqual(statement.startsWith('select') ? [{ answer: 42 }] : [])
    }
    expect(readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()).toBe('18')
  } finally {
    rmSync(realpathSync(data), { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
})
