import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quantile } from '../../domain/histogram.js'

const buckets = [{ le: 100, count: 50 }, { le: 200, count: 90 }, { le: 500, count: 99 }]

test('a quantile lies where its rank lies in its bucket', () => {
  expect(quantile(0.5, buckets, 100)).toBe(100)
  expect(quantile(0.25, buckets, 100)).toBe(50)
  expect(quantile(0.7, buckets, 100)).toBe(150)
  expect(quantile(0.95, buckets, 100)).toBeCloseTo(200 + 300 * 5 / 9)
})

test('what lies beyond the last bound counts as the last bound', () => {
  expect(quantile(0.999, buckets, 100)).toBe(500)
})

test('without observations there is no quantile', () => {
  expect(quantile(0.5, buckets.map(({ le }) => ({ le, count: 0 })), 0)).toBeNull()
  expect(quantile(0.5, [], 10)).toBeNull()
})

test('empty buckets in between do not hold a quantile', () => {
  expect(quantile(0.5, [{ le: 1, count: 0 }, { le: 2, count: 0 }, { le: 4, count: 10 }], 10)).toBe(3)
})

test('a quantile lies in the bucket of the observation of its rank', () => {
  const bounds = [5, 10, 25, 50, 100, 250, 500, 1000]
  fc.assert(fc.property(fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (observed, q) => {
    const histogram = bounds.map((le) => ({ le, count: observed.filter((value) => value <= le).length }))
    const exact = observed.sort((a, b) => a - b)[Math.max(0, Math.ceil(q * observed.length) - 1)] ?? NaN
    const upper = bounds.find((le) => exact <= le) ?? NaN
    const lower = bounds[bounds.indexOf(upper) - 1] ?? 0
    const answer = quantile(q, histogram, observed.length) ?? NaN
    expect(answer).toBeGreaterThanOrEqual(lower)
    expect(answer).toBeLessThanOrEqual(upper)
  }))
})
