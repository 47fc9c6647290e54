import { expect, test } from 'vitest'
import { parseThreshold } from '../../domain/criteria.js'
import type { Criterion } from '../../domain/measurement.js'
import { decide, gatewayMeasure, whyUnmet } from '../../domain/verdict.js'

const criterion = (name: string, text: string): Criterion => {
  const threshold = parseThreshold(text)
  if (!threshold) throw new Error(`bad threshold in the test: ${text}`)
  return { name, threshold, query: null }
}
const counted = { requests: 155, errors: 31, latency: [{ le: 100, count: 0 }, { le: 300, count: 155 }] }

test('a measure decides for or against its criterion; one that is missing decides nothing', () => {
  const criteria = [criterion('errorRate', '<1%'), criterion('p95', '<300ms'), criterion('saturation', '<0.8')]
  const found = decide(criteria, { errorRate: 0.2, p95: 120 })
  expect(found.unmet.map(({ name }) => name)).toEqual(['errorRate'])
  expect(found.unknown.map(({ name }) => name)).toEqual(['saturation'])
})

test('a gateway\'s counters give rates and latencies', () => {
  expect(gatewayMeasure('errorRate', counted)).toBe(0.2)
  expect(gatewayMeasure('successRate', counted)).toBe(0.8)
  expect(gatewayMeasure('p50', counted)).toBe(200)
})

test('no requests give no measure, not a good one', () => {
  expect(gatewayMeasure('errorRate', { requests: 0, errors: 0, latency: [] })).toBeNull()
})

test('a reason names the measure, what it had to be, where, and out of how many requests', () => {
  expect(whyUnmet(criterion('errorRate', '<1%'), { errorRate: 0.2 }, 'shop at 10%', counted)).toBe('error rate 20% not <1% for shop at 10% (31 of 155 requests)')
  expect(whyUnmet(criterion('p95', '<100ms'), { p95: 290 }, 'shop at 10%', counted)).toBe('p95 290ms not <100ms for shop at 10% (155 requests)')
  expect(whyUnmet(criterion('saturation', '<0.8'), { saturation: 0.93 }, 'shop at 10%', null)).toBe('saturation 0.93 not <0.8 for shop at 10%')
})
