import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatMeasure, formatThreshold, meets, parseThreshold } from '../../domain/criteria.js'

test.each([
  ['<1%', { comparison: '<', value: 0.01, unit: 'ratio' }],
  ['< 0.5', { comparison: '<', value: 0.5, unit: 'plain' }],
  ['<300ms', { comparison: '<', value: 300, unit: 'ms' }],
  ['<= 1.5s', { comparison: '<=', value: 1500, unit: 'ms' }],
  ['>= 99.9%', { comparison: '>=', value: 0.9990000000000001, unit: 'ratio' }],
  ['!=0', { comparison: '!=', value: 0, unit: 'plain' }],
  ['== -3e2', { comparison: '==', value: -300, unit: 'plain' }],
  ['2m', { comparison: '<=', value: 120_000, unit: 'ms' }],
])('%s is a threshold', (text, threshold) => {
  expect(parseThreshold(text)).toEqual(threshold)
})

test('a bare number means at most', () => {
  expect(parseThreshold(0.01)).toEqual({ comparison: '<=', value: 0.01, unit: 'plain' })
})

test.each(['', '<', '1 %%', 'about 5', '<1h', '=<3', '< 1 2', 'NaN', '<Infinity'])('%j is no threshold', (text) => {
  expect(parseThreshold(text)).toBeNull()
})

test('what is not a number meets nothing but "not equal"', () => {
  for (const comparison of ['<', '<=', '>', '>=', '=='] as const) expect(meets({ comparison, value: 1, unit: 'plain' }, NaN)).toBe(false)
})

test('people read measures in the unit they wrote the threshold in', () => {
  const shown = (text: string, measure: number): string => {
    const threshold = parseThreshold(text)
    return threshold ? `${formatMeasure(threshold, measure)} ${formatThreshold(threshold)}` : ''
  }
  expect(shown('<1%', 0.2)).toBe('20% <1%')
  expect(shown('>= 99.9%', 0.98765)).toBe('98.77% >=99.9%')
  expect(shown('< 1.5s', 2310.4)).toBe('2310ms <1500ms')
  expect(shown('< 0.5', 1 / 3)).toBe('0.3333 <0.5')
})

test('of a comparison and its opposite a measure meets exactly one', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(fc.property(number, number, (value, measure) => {
    for (const [one, other] of [['<', '>='], ['>', '<='], ['==', '!=']] as const) {
      expect(meets({ comparison: one, value, unit: 'plain' }, measure)).toBe(!meets({ comparison: other, value, unit: 'plain' }, measure))
    }
  }))
})

test('a threshold that was shown is read back as it was', () => {
  const threshold = fc.record({
    comparison: fc.constantFrom('<', '<=', '>', '>=', '==', '!=' as const), value: fc.integer({ min: 0, max: 9999 }), unit: fc.constantFrom('ms', 'plain' as const),
  })
  fc.assert(fc.property(threshold, (given) => { expect(parseThreshold(formatThreshold(given))).toEqual(given) }))
})
