import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationMs, DURATION_PATTERN, formatDuration, parseDuration } from '../../domain/duration.js'

test.each([['90s', 90_000], ['1h30m', 5_400_000], ['0.5s', 500], ['250ms', 250], ['2d', 172_800_000], ['1m1m', 120_000]])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '90', 's', '1h 30m', '-5s', '1w', '5S', '1e3s', ' 5s'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeNull()
  expect(text).not.toMatch(new RegExp(DURATION_PATTERN))
})

test('the pattern editors check with and the parser agree', () => {
  const text = fc.array(fc.constantFrom('1', '0.5', '30', '.', 'ms', 's', 'm', 'h', 'd', 'x', ' '), { maxLength: 6 }).map((parts) => parts.join(''))
  fc.assert(fc.property(text, (given) => { expect(parseDuration(given) !== null).toBe(new RegExp(DURATION_PATTERN).test(given)) }), { numRuns: 1000 })
})

test('whole seconds are read back as they were shown', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => { expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000) }))
})

test('below a second people read milliseconds, above it whole seconds', () => {
  expect([0, 999, 1000, 1400, 5_400_000, 90_061_000].map(formatDuration)).toEqual(['0ms', '999ms', '1s', '1s', '1h30m', '1d1h1m1s'])
})

test('a text that should have been checked before is a bug, not a zero', () => {
  expect(() => durationMs('soon')).toThrow(RangeError)
})
