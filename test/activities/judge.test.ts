import { CancelledFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { failure } from '../../domain/failures.js'
import { counters, criterion, input, JudgeWorld } from './judge-world.js'

const prometheus = { source: { type: 'prometheus', address: null, headers: {} } as const, criteria: [criterion('saturation', '<0.8', 'max(saturation)')], minRequests: 0 }
const down = (): never => { throw failure('TARGET_UNREACHABLE', 'edge did not answer') }

test('a healthy candidate passes when its hold ends, not before', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(5000 + 10 * second)
  expect(await world.judge(input())).toMatchObject({ verdict: 'pass', requests: 600, measures: { errorRate: 0 }, reason: 'errorRate 0% for shop at 10% (600 requests)' })
  expect(world.second).toBe(60)
})

test('errors from before the hold are not the candidate\'s', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(1000 + 10 * second, 900)
  expect((await world.judge(input())).verdict).toBe('pass')
})

test('a failing candidate is found at the first measurement with enough requests', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(10 * second, 2 * second)
  expect(await world.judge(input())).toMatchObject({
    verdict: 'fail', reason: 'error rate 20% not <1% for shop at 10% (4 of 20 requests)', requests: 20, measures: { errorRate: 0.2 }, checks: 2,
  })
  expect(world.second).toBe(2)
})

test('a failure has to show as many times in a row as the plan says', async () => {
  const world = new JudgeWorld()
  // one bad reading that the window forgets, then bad for good
  world.gateway = (second) => counters(100 * second, second < 10 ? 0 : second < 30 ? 20 : 20 * (second - 28))
  const result = await world.judge(input({ failureLimit: 4, windowMs: 4000, intervalMs: 2000 }))
  expect(result.verdict).toBe('fail')
  expect(world.second).toBe(36)
})

test('latency is judged by interpolation in the gateway\'s histogram', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => ({ requests: 100 * second, errors: 0, latency: [{ le: 100, count: 50 * second }, { le: 500, count: 100 * second }] })
  expect(await world.judge(input({ criteria: [criterion('p95', '<300ms')] }))).toMatchObject({ verdict: 'fail', measures: { p95: 460 }, reason: 'p95 460ms not <300ms for shop at 10% (200 requests)' })
})

test('too few requests say nothing, good or bad', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(Math.floor(second / 5), Math.floor(second / 5))
  expect(await world.judge(input())).toMatchObject({ verdict: 'inconclusive', reason: '12 of 20 requests for shop at 10%', requests: 12 })
})

test('no requests at all are never a pass, even where the plan asks for none', async () => {
  const world = new JudgeWorld()
  world.gateway = () => counters(0)
  expect(await world.judge(input({ minRequests: 0 }))).toMatchObject({ verdict: 'inconclusive', reason: 'no requests for shop at 10%' })
})

test('errors spread too thin for any window are judged over the whole hold', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(second, Math.floor(second / 10))
  expect(await world.judge(input({ windowMs: 10_000 }))).toMatchObject({ verdict: 'fail', reason: 'error rate 10% not <1% for shop at 10% (6 of 60 requests)' })
  expect(world.second).toBe(60)
})

test('a gateway that restarts within the hold loses no requests and fails nobody', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => second < 30 ? counters(5000 + 10 * second, 50) : counters(10 * (second - 28), 0)
  expect(await world.judge(input())).toMatchObject({ verdict: 'pass', requests: 280 + 320 })
})

test('without criteria the hold is only a time', async () => {
  const world = new JudgeWorld()
  world.gateway = down
  expect(await world.judge(input({ criteria: [] }))).toMatchObject({ verdict: 'pass', reason: 'nothing to judge for shop at 10%' })
  expect(world.second).toBe(60)
})

test('a source that blinks makes no verdict', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => second % 6 === 0 && second < 60 ? counters(10 * second) : second < 60 ? down() : counters(600)
  expect(await world.judge(input())).toMatchObject({ verdict: 'pass', requests: 600 })
})

test('a source that stays silent is an outage, never a failure', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => second < 10 ? counters(second, 0) : down()
  expect(await world.judge(input())).toMatchObject({ verdict: 'outage', reason: 'no measure of shop at 10% 3 times in a row: edge did not answer' })
  expect(world.second).toBe(14)
})

test('silence between two bad measurements does not save a candidate', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => second === 4 ? down() : counters(100 * second, 50 * second)
  await world.judge(input({ failureLimit: 2 }))
  expect(world.second).toBe(6)
})

test('a source that is silent when the hold ends is asked again soon, and no pass is given before it answers', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => second === 60 ? down() : counters(10 * second)
  expect((await world.judge(input())).verdict).toBe('pass')
  expect(world.second).toBe(61)
})

test('each query is judged at each measurement', async () => {
  const world = new JudgeWorld()
  world.metrics.answer = () => world.second < 20 ? 0.5 : 0.93
  expect(await world.judge(input(prometheus))).toMatchObject({ verdict: 'fail', reason: 'saturation 0.93 not <0.8 for shop at 10%', requests: null, measures: { saturation: 0.93 } })
  expect(world.second).toBe(20)
  expect(world.metrics.asked[0]).toEqual({ source: 'prometheus', address: 'http://prometheus', query: 'max(saturation)', headers: {} })
})

test('a query without data when the hold ends is inconclusive', async () => {
  const world = new JudgeWorld()
  world.metrics.answer = () => world.second < 40 ? 0.5 : null
  expect(await world.judge(input(prometheus))).toMatchObject({ verdict: 'inconclusive', reason: 'no data for saturation for shop at 10%' })
  expect(world.second).toBe(60)
})

test('a query nobody understands is a mistake in the plan, not in the candidate', async () => {
  const world = new JudgeWorld()
  world.metrics.answer = () => { throw failure('TARGET_REFUSED', 'prometheus refused the query: parse error') }
  expect(await world.judge(input(prometheus))).toMatchObject({ verdict: 'inconclusive', reason: 'prometheus refused the query: parse error' })
  expect(world.second).toBe(0)
})

test('a bad measurement at the very end is played out: it may have been a blip', async () => {
  const world = new JudgeWorld()
  world.metrics.answer = () => world.second === 60 ? 0.9 : 0.5
  expect((await world.judge(input({ ...prometheus, failureLimit: 3 }))).verdict).toBe('pass')
  expect(world.second).toBe(62)
})

test('a judge that has no time measures once', async () => {
  const world = new JudgeWorld()
  world.metrics.answer = () => 0.5
  expect(await world.judge(input({ ...prometheus, forMs: 0 }))).toMatchObject({ verdict: 'pass', checks: 1 })
  world.gateway = () => counters(100, 50)
  expect(await world.judge(input({ forMs: 0 }))).toMatchObject({ verdict: 'fail', requests: 100 })
})

test('a header\'s secret reaches the source, and no heartbeat or result', async () => {
  const world = new JudgeWorld()
  world.secrets = { 'env:TOKEN': 's3cret' }
  world.metrics.answer = () => 0.5
  const source = { type: 'prometheus', address: 'http://p', headers: { authorization: { $late: ['Bearer ', { secret: 'env:TOKEN' }] } } } as const
  const result = await world.judge(input({ ...prometheus, source }))
  expect(world.metrics.asked[0]?.headers).toEqual({ authorization: 'Bearer s3cret' })
  expect(JSON.stringify([result, world.beats])).not.toContain('s3cret')
})

test('an error that is no answer of the source\'s is let through', async () => {
  const world = new JudgeWorld()
  world.gateway = () => { throw new TypeError('a bug') }
  await expect(world.judge(input())).rejects.toThrow('a bug')
})

test('a cancelled judge stops at once', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(10 * second)
  world.onSleep = (second) => {
    if (second < 10) return
    world.cancel()
    return new Promise(() => undefined) // it would sleep on for ever
  }
  await expect(world.judge(input())).rejects.toBeInstanceOf(CancelledFailure)
  expect(world.second).toBe(10)
})
