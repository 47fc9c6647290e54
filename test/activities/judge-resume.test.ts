import { expect, test } from 'vitest'
import { counters, input, JudgeWorld } from './judge-world.js'

/** Runs until the worker dies at `second`; gives what the server had heard last. */
async function diesAt(world: JudgeWorld, second: number, request = input()): Promise<unknown> {
  world.onSleep = (now) => { if (now >= second) throw new Error('kill -9') }
  await expect(world.judge(request)).rejects.toThrow('kill -9')
  world.onSleep = () => undefined
  return world.beats.at(-1)?.details
}

test('after a crash the hold ends when it would have, and every request of it counts', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(5000 + 10 * second)
  const heartbeatDetails = await diesAt(world, 20)
  world.nowMs += 15_000
  expect(await world.judge(input(), { attempt: 2, heartbeatDetails })).toMatchObject({ verdict: 'pass', requests: 600 })
  expect(world.second).toBe(60)
})

test('a crash does not forgive failures seen before it', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(100 * second, 50 * second)
  const heartbeatDetails = await diesAt(world, 4, input({ failureLimit: 3 }))
  expect(await world.judge(input({ failureLimit: 3 }), { attempt: 2, heartbeatDetails })).toMatchObject({ verdict: 'fail', checks: 4 })
})

test('a worker that comes back after the hold has ended judges all of it at once', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(10 * second)
  const heartbeatDetails = await diesAt(world, 20)
  world.nowMs += 600_000
  const backAt = world.second
  expect(await world.judge(input(), { attempt: 2, heartbeatDetails })).toMatchObject({ verdict: 'pass', requests: 6200 })
  expect(world.second).toBe(backAt)
})

test('lost heartbeats do not prolong the hold', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(10 * second)
  world.nowMs += 30_000
  expect(await world.judge(input(), { attempt: 2, scheduledTimestampMs: world.startMs })).toMatchObject({ verdict: 'pass', requests: 300 })
  expect(world.second).toBe(60)
})

test('it heartbeats several times within the timeout however far apart the measurements are', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(10 * second)
  await world.judge(input({ intervalMs: 30_000 }), { heartbeatTimeoutMs: 10_000 })
  const gaps = world.beats.map(({ atMs }, n) => atMs - (world.beats[n - 1]?.atMs ?? world.startMs))
  expect(Math.max(...gaps)).toBeLessThanOrEqual(3334)
})

test('a heartbeat stays small in a long hold', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => ({ requests: 10 * second, errors: 0, latency: Array.from({ length: 15 }, (_, n) => ({ le: 2 ** n, count: 10 * second })) })
  await world.judge(input({ forMs: 600_000 }))
  expect(Math.max(...world.beats.map(({ details }) => JSON.stringify(details).length))).toBeLessThan(16_384)
})

test('a judge that comes back after the whole hold judges it from the counters the split was set with', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(500 + 10 * second, second)
  world.nowMs += 90_000
  const baseline = counters(500)
  expect(await world.judge(input({ baseline }), { attempt: 2, scheduledTimestampMs: world.startMs })).toMatchObject({ verdict: 'fail', requests: 900 })
})

test('time nobody could look is made up for before too few requests are inconclusive', async () => {
  const world = new JudgeWorld()
  world.gateway = (second) => counters(second <= 60 ? 0 : second - 60) // the traffic was away as well
  world.nowMs += 60_000
  const verdict = await world.judge(input({ baseline: counters(0) }), { attempt: 2, scheduledTimestampMs: world.startMs })
  expect(verdict).toMatchObject({ verdict: 'pass', requests: 20 })
})
