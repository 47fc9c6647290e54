import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, expect, test } from 'vitest'
import { InstallationKey } from '../../config/key.js'
import { BundleStore, bundleDigest } from '../../store/bundles.js'
import { connect } from '../../store/database.js'
import { EventStore } from '../../store/events.js'
import { ReleaseStore } from '../../store/releases.js'
import { testDatabase } from '../support/servers.js'
import { inputOf, planOf } from '../support/plan-builder.js'

const url = await testDatabase()
const database = connect(url)
afterAll(async () => { await database.$disconnect() })
const bundle = { entry: 'plan.yaml', files: { 'plan.yaml': 'secret plan', b: '2', a: '1' } }

test('a bundle is known by what it holds, whatever the order of its files', () => {
  expect(bundleDigest(bundle)).toBe(bundleDigest({ entry: 'plan.yaml', files: { a: '1', b: '2', 'plan.yaml': 'secret plan' } }))
  expect(new Set([bundleDigest(bundle), bundleDigest({ ...bundle, entry: 'a' }), bundleDigest({ ...bundle, files: { ...bundle.files, a: '2' } })]).size).toBe(3)
})

test('a bundle is stored once, sealed, and opens in another process with the same key only', async () => {
  const key = new InstallationKey(randomBytes(32))
  const digest = await new BundleStore(database, key).save('default', bundle)
  await new BundleStore(database, key).save('default', bundle)
  expect(await database.bundle.count({ where: { digest } })).toBe(1)
  expect(await new BundleStore(database, key).find('default', digest)).toEqual(bundle)
  expect(await new BundleStore(database, key).find('other', digest)).toBeNull()
  await expect(new BundleStore(database, new InstallationKey(randomBytes(32))).find('default', digest)).rejects.toThrow('does not open')
})

test('a release, its secrets and its audit entry are written together or not at all', async () => {
  const releases = new ReleaseStore(database)
  const accept = (id: string, idempotencyKey: string | null): Promise<boolean> => releases.accept({
    input: inputOf(id, planOf([])), planVersion: null, idempotencyKey, requestDigest: 'd', secrets: [{ name: 'env:A', sealed: 'x' }],
    audit: { tenant: 'default', who: 'ci', action: 'release.start', what: id, data: {} },
  })
  expect([await accept('r-1', 'k'), await accept('r-2', 'k')]).toEqual([true, false])
  expect(await database.audit.count({ where: { what: 'r-2' } }) + await database.releaseSecret.count({ where: { releaseId: 'r-2' } })).toBe(0)
  await expect(accept('r-1', null)).rejects.toThrow()
  expect(await database.audit.count({ where: { what: 'r-1' } })).toBe(1)
  expect((await releases.unstarted(10)).map(({ release }) => release.releaseId)).toEqual(['r-1'])
  await releases.markStarted(['r-1'])
  expect(await releases.unstarted(10)).toEqual([])
})

test('the number of a rollback goes to everyone who asked for it, and never back', async () => {
  const releases = new ReleaseStore(database)
  await releases.accept({ input: inputOf('r-back', planOf([])), planVersion: null, idempotencyKey: null, requestDigest: 'd', secrets: [], audit: { tenant: 'default', who: 'ci', action: 'x', what: 'r-back', data: {} } })
  expect([await releases.takeRollback('r-back', 1), await releases.takeRollback('r-back', 1), await releases.takeRollback('r-back', 2), await releases.takeRollback('r-back', 1)]).toEqual([true, true, true, false])
})

test('a log chunk is shown only when no earlier one can still come', async () => {
  const events = new EventStore(database)
  const slow = new Client({ connectionString: url })
  await slow.connect()
  const insert = (client: Client, job: string): Promise<unknown> =>
    client.query(`insert into "LogChunk" ("releaseId", job, attempt, stream, "offset", text) values ('r-log', $1, 1, 'stdout', 0, $1)`, [job])
  await slow.query('begin')
  await insert(slow, 'first')
  const fast = new Client({ connectionString: url })
  await fast.connect()
  await insert(fast, 'second')
  expect(await events.logsAfter('r-log', 0, null, 10)).toEqual([])
  await slow.query('commit')
  const lines = await events.logsAfter('r-log', 0, null, 10)
  expect(lines.map(({ text }) => text)).toEqual(['first', 'second'])
  expect(await events.logsAfter('r-log', lines[0]?.seq ?? 0, 'second', 10)).toMatchObject([{ text: 'second' }])
  await Promise.all([slow.end(), fast.end()])
})
