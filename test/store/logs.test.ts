import { beforeAll, expect, test } from 'vitest'
import { connect } from '../../store/database.js'
import { LogStore } from '../../store/logs.js'
import { SnapshotStore } from '../../store/snapshots.js'
import { testDatabase } from '../support/servers.js'

let database: ReturnType<typeof connect>
beforeAll(async () => {
  database = connect(await testDatabase())
  return () => database.$disconnect()
})
const key = { releaseId: 'r1', job: 'build', attempt: 1 }
const textOf = async (releaseId: string): Promise<string[]> => (await new LogStore(database).read(releaseId)).map(({ stream, offset, text }) => `${stream}@${offset} ${text}`)

test('a chunk written twice is one; written again longer, the longer one', async () => {
  const logs = new LogStore(database)
  await logs.append(key, [{ stream: 'stdout', offset: 0, text: 'one' }, { stream: 'stderr', offset: 0, text: 'oh' }])
  await logs.append(key, [{ stream: 'stdout', offset: 0, text: 'one' }])
  await logs.append(key, [{ stream: 'stdout', offset: 0, text: 'one and' }, { stream: 'stdout', offset: 7, text: ' two\0' }])
  expect(await textOf('r1')).toEqual(['stdout@0 one and', 'stderr@0 oh', 'stdout@7  two\uFFFD'])
  expect(await logs.lastOffsets(key)).toEqual({ stdout: 7, stderr: 0 })
  expect(await logs.lastOffsets({ ...key, attempt: 2 })).toEqual({})
})

test('a reader gets what came after the last it has', async () => {
  const logs = new LogStore(database)
  await logs.append({ ...key, releaseId: 'r2' }, [0, 1, 2].map((offset) => ({ stream: 'stdout', offset, text: String(offset) })))
  const [first] = await logs.read('r2', { limit: 1 })
  expect(first).toMatchObject({ job: 'build', attempt: 1, text: '0' })
  expect((await logs.read('r2', { after: first?.seq ?? '' })).map(({ text }) => text)).toEqual(['1', '2'])
  expect(await logs.read('r2', { job: 'other' })).toEqual([])
})

test('a snapshot is found by its digest, saved twice or not', async () => {
  const snapshots = new SnapshotStore(database)
  const digest = await snapshots.save('v1:abc')
  expect(await snapshots.save('v1:abc')).toBe(digest)
  expect(await snapshots.find(digest)).toBe('v1:abc')
  expect(await snapshots.find('none')).toBeNull()
})
