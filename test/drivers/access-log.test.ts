import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AccessLog } from '../../drivers/traffic/access-log.js'

let folder = ''
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'releasectl-log-')) })
afterAll(() => rm(folder, { recursive: true }))

const side = (port: number) => ({ id: `r-${port}`, version: '1', url: `http://127.0.0.1:${port}` })
const split = { stable: side(1), candidate: side(2), percent: 10, sticky: null }
const logAt = (path: string): AccessLog => new AccessLog(path, (line) => {
  const [by = '', status, tookMs] = line.split(' ')
  return status === undefined ? null : { by, status: Number(status), tookMs: Number(tookMs) }
})

test('requests are counted by the server that answered them, whole lines only, each once', async () => {
  const path = join(folder, 'access.log')
  await writeFile(path, '127.0.0.1:1 200 4\n127.0.0.1:2 503 40\n-\n127.0.0.1:2 200 4')
  const log = logAt(path)
  expect(await log.metrics(split)).toMatchObject({ stable: { requests: 1, errors: 0 }, candidate: { requests: 1, errors: 1 } })
  await appendFile(path, '00\n127.0.0.1:2 404 60000\n')
  const { candidate } = await log.metrics(split)
  expect(candidate).toMatchObject({ requests: 3, errors: 1 })
  expect(candidate.latency.filter(({ le }) => [30, 50, 30_000].includes(le))).toEqual([{ le: 30, count: 0 }, { le: 50, count: 1 }, { le: 30_000, count: 2 }])
  expect(await logAt(path).metrics(split)).toMatchObject({ candidate: { requests: 3, errors: 1 } }) // another worker counts the same
})

test('a log that is rotated counts from zero, one that is longer than a read is read whole', async () => {
  const path = join(folder, 'rotated.log')
  await writeFile(path, '127.0.0.1:2 200 10\n'.repeat(200_000))
  const log = logAt(path)
  expect(await log.metrics(split)).toMatchObject({ stable: { requests: 0 }, candidate: { requests: 200_000, errors: 0 } })
  await rename(path, `${path}.1`)
  await expect(log.metrics(split)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: `access log ${path} cannot be read: ENOENT` })
  await writeFile(path, '127.0.0.1:2 500 10\n')
  expect(await log.metrics(split)).toMatchObject({ candidate: { requests: 1, errors: 1 } })
})
