import { expect, test } from 'vitest'
import type { LockRequest } from '../../activities/contract.js'
import { LEASE_MS, LockQueue } from '../../workflows/lock-queue.js'

type Policy = LockRequest['concurrency']['policy']
const asking = (releaseId: string, policy: Policy = 'queue', workflowId = `release/default/${releaseId}`): LockRequest =>
  ({ tenant: 'default', concurrency: { key: 'shop/production', policy }, releaseId, workflowId, requestedBy: 'ci', version: '2.4.0' })
const holderOf = (queue: LockQueue): string | undefined => queue.view().holder?.releaseId
const waiting = (queue: LockQueue): string[] => queue.view().queue.map(({ releaseId }) => releaseId)
const told = (queue: LockQueue): string[] => queue.takeNotices().map(({ releaseId, what }) => `${releaseId} ${what}`)

test('the lock goes to who has waited longest', () => {
  const queue = new LockQueue('shop/production', null)
  expect(queue.acquire(asking('a'), 1000)).toEqual({ state: 'granted', token: 1000 })
  expect(queue.acquire(asking('b'), 2000)).toEqual({ state: 'queued', position: 1, holder: 'a' })
  expect(queue.acquire(asking('c'), 3000)).toEqual({ state: 'queued', position: 2, holder: 'a' })
  queue.giveBack('a')
  expect([holderOf(queue), waiting(queue), told(queue)]).toEqual(['b', ['c'], ['b granted']])
  queue.giveBack('b')
  expect([holderOf(queue), waiting(queue), told(queue)]).toEqual(['c', [], ['c granted']])
})

test('asking twice is asking once', () => {
  const queue = new LockQueue('shop/production', null)
  const first = queue.acquire(asking('a'), 1000)
  expect(queue.acquire(asking('a'), 5000)).toEqual(first)
  queue.acquire(asking('b'), 2000)
  expect(queue.acquire(asking('b'), 6000)).toEqual({ state: 'queued', position: 1, holder: 'a' })
  expect(waiting(queue)).toEqual(['b'])
})

test('who asks again for a release is who is told, and who is looked after', () => {
  const queue = new LockQueue('shop/production', null)
  queue.acquire(asking('a'), 1000)
  queue.acquire(asking('b'), 1000)
  queue.acquire(asking('a', 'queue', 'rollback/default/a/1'), 2000)
  queue.acquire(asking('b', 'queue', 'rollback/default/b/1'), 2000)
  expect(queue.holderToCheck(1000 + LEASE_MS)?.workflowId).toBe('rollback/default/a/1')
  queue.giveBack('a')
  expect(queue.takeNotices().map(({ workflowId }) => workflowId)).toEqual(['rollback/default/b/1'])
})

test('policy reject does not wait', () => {
  const queue = new LockQueue('shop/production', null)
  queue.acquire(asking('a'), 1000)
  expect(queue.acquire(asking('b', 'reject'), 2000)).toEqual({ state: 'refused', holder: 'a', workflowId: 'release/default/a' })
  expect(waiting(queue)).toEqual([])
})

test('policy supersede tells all older ones, drops those who wait, and waits for the holder to be done', () => {
  const queue = new LockQueue('shop/production', null)
  for (const id of ['a', 'b']) queue.acquire(asking(id), 1000)
  expect(queue.acquire(asking('c', 'supersede'), 2000)).toEqual({ state: 'queued', position: 1, holder: 'a' })
  expect([holderOf(queue), waiting(queue), told(queue)]).toEqual(['a', ['c'], ['a superseded', 'b superseded']])
  queue.giveBack('b')
  expect(holderOf(queue)).toBe('a')
  queue.giveBack('a')
  expect([holderOf(queue), told(queue)]).toEqual(['c', ['c granted']])
})

test('a freeze lets nobody start until it is over or lifted; who holds the lock keeps it', () => {
  const queue = new LockQueue('shop/production', null)
  queue.acquire(asking('a'), 1000)
  const until = new Date(Date.now() + 60_000)
  queue.freeze({ reason: 'audit', by: 'ann', until: until.toISOString() })
  expect(queue.acquire(asking('b'))).toEqual({ state: 'queued', position: 1, holder: 'a' })
  queue.giveBack('a')
  expect([holderOf(queue), waiting(queue)]).toEqual([undefined, ['b']])
  expect(queue.acquire(asking('c', 'reject'))).toEqual({ state: 'refused', holder: 'a freeze by ann: audit', workflowId: null })
  queue.thaw(until.getTime() - 1)
  expect(holderOf(queue)).toBeUndefined()
  queue.thaw(until.getTime())
  expect([holderOf(queue), queue.view().freeze]).toEqual(['b', null])
  queue.freeze({ reason: 'audit', by: 'ann', until: null })
  queue.giveBack('b')
  queue.acquire(asking('d'))
  expect(holderOf(queue)).toBeUndefined()
  queue.unfreeze()
  expect(holderOf(queue)).toBe('d')
})

test('a freeze until no moment is refused', () => {
  const queue = new LockQueue('shop/production', null)
  expect(() => queue.freeze({ reason: 'audit', by: 'ann', until: 'tomorrow' })).toThrow('until must be ISO 8601, not tomorrow')
})

test('a holder is looked after when its lease is over and somebody waits', () => {
  const queue = new LockQueue('shop/production', null)
  queue.acquire(asking('a'), 1000)
  expect(queue.holderToCheck(1000 + LEASE_MS)).toBeNull()
  queue.acquire(asking('b'), 2000)
  expect(queue.holderToCheck(999 + LEASE_MS)).toBeNull()
  expect(queue.holderToCheck(1000 + LEASE_MS)?.workflowId).toBe('release/default/a')
  queue.checked('a', true, 1000 + LEASE_MS)
  expect(queue.holderToCheck(1000 + LEASE_MS)).toBeNull()
  queue.checked('a', false, 1000 + 2 * LEASE_MS)
  expect([holderOf(queue), told(queue)]).toEqual(['b', ['b granted']])
})

test('the next look is when a lease or a freeze ends, or never by itself', () => {
  const queue = new LockQueue('shop/production', null)
  const nowMs = Date.now()
  expect(queue.nextLookMs(nowMs, 3_600_000)).toBe(3_600_000)
  queue.acquire(asking('a'), nowMs)
  expect(queue.nextLookMs(nowMs, 3_600_000)).toBe(3_600_000)
  queue.acquire(asking('b'), nowMs)
  expect(queue.nextLookMs(nowMs, 3_600_000)).toBe(LEASE_MS)
  queue.freeze({ reason: 'audit', by: 'ann', until: new Date(nowMs + 5000).toISOString() })
  expect(queue.nextLookMs(nowMs, 3_600_000)).toBe(5000)
})

test('tokens grow, past the end of the lock\'s own workflow too', () => {
  const queue = new LockQueue('shop/production', null)
  const tokens = ['a', 'b', 'c'].map((id) => {
    const answer = queue.acquire(asking(id), 1000)
    queue.giveBack(id)
    return answer.state === 'granted' ? answer.token : 0
  })
  expect(tokens).toEqual([1000, 1001, 1002])
  expect(new LockQueue('shop/production', queue.save()).acquire(asking('d'), 500)).toEqual({ state: 'granted', token: 1003 })
  expect(new LockQueue('shop/production', null).acquire(asking('e'), 2000)).toEqual({ state: 'granted', token: 2000 })
})
