import fc from 'fast-check'
import { expect, test } from 'vitest'
import { increase, NO_COUNTERS, sum, type Counters } from '../../domain/counters.js'
import { inWindow, startWatching, watchOn } from '../../domain/traffic-seen.js'

const counters = (requests: number, errors = 0, fast = requests): Counters =>
  ({ requests, errors, latency: [{ le: 100, count: fast }, { le: 500, count: requests }] })

test('what was counted between two readings is their difference', () => {
  expect(increase(counters(100, 2, 90), counters(150, 5, 120))).toEqual(counters(50, 3, 30))
})

test('a gateway that was restarted counts from zero: all of its counters came since', () => {
  expect(increase(counters(100, 2), counters(30, 1))).toEqual(counters(30, 1))
})

test('a restart is seen by any counter that fell, even when requests have caught up', () => {
  expect(increase(counters(100, 9), counters(120, 1))).toEqual(counters(120, 1))
  expect(increase(counters(100, 0, 90), counters(120, 0, 5))).toEqual(counters(120, 0, 5))
})

test('the open last bucket is left out: JSON would carry it as null', () => {
  expect(increase(NO_COUNTERS, { requests: 3, errors: 0, latency: [{ le: 100, count: 1 }, { le: Infinity, count: 3 }] }).latency).toEqual([{ le: 100, count: 1 }])
})

test('increments over any restarts add up to every request there was', () => {
  const step = fc.record({ requests: fc.nat(1000), restart: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let [gateway, last, total, truth] = [counters(0), counters(0), NO_COUNTERS, 0]
    for (const { requests, restart } of steps) {
      // a restart is only seen when the new counters stay below the old
      const restarts = restart && requests < last.requests
      gateway = restarts ? counters(requests) : counters(gateway.requests + requests)
      total = sum(total, increase(last, gateway))
      last = gateway
      truth += requests
    }
    expect(total.requests).toBe(truth)
  }))
})

test('a window holds what was counted in it, and nothing from before', () => {
  let seen = startWatching(counters(1000), 0)
  for (let second = 1; second <= 100; second++) seen = watchOn(seen, counters(1000 + 10 * second, second <= 50 ? second : 50), second * 1000, 20_000)
  expect(inWindow(seen)).toEqual(counters(200, 0))
  expect(seen.total).toEqual(counters(1000, 50))
})

test('readings further apart than the window is long still leave something to judge', () => {
  let seen = startWatching(counters(0), 0)
  for (let minute = 1; minute <= 3; minute++) seen = watchOn(seen, counters(minute * 7, minute), minute * 60_000, 10_000)
  expect(inWindow(seen)).toEqual(counters(7, 1))
})

test('what is remembered stays small however often it measures', () => {
  let seen = startWatching(counters(0), 0)
  for (let n = 1; n <= 10_000; n++) seen = watchOn(seen, counters(n), n * 10, 60_000)
  expect(seen.ring.length).toBeLessThanOrEqual(22)
  expect(inWindow(seen).requests).toBeGreaterThan(5600)
  expect(inWindow(seen).requests).toBeLessThanOrEqual(6000)
})
