import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import type { MetricQuery, MetricsPort } from '../../drivers/metrics/port.js'

/** Questions to one source, by how they must be answered. */
export interface MetricQuestions {
  number: { query: MetricQuery; value: number }
  /** The source answers, but has no such data. */
  nothing: MetricQuery
  /** The source has data, but it is not a number. */
  notANumber: MetricQuery
  notUnderstood: MetricQuery
  /** More or other than one number. */
  tooMuch: MetricQuery
  /** Nobody listens there. */
  nobody: MetricQuery
  /** Takes the question and never answers. */
  silent: MetricQuery
  /** Answers 503. */
  broken: MetricQuery
  /** Answers what is no answer of such a source. */
  stranger: MetricQuery
}

/** What every source of numbers must do. Each source's test hands its own questions in. */
export function metricsContract(name: string, make: () => { port: MetricsPort; questions: MetricQuestions }): void {
  const ask = async (which: keyof Omit<MetricQuestions, 'number'>): Promise<number | null> => {
    const { port, questions } = make()
    return port.measure(questions[which])
  }
  const refuses = (type: string) => (error: unknown): boolean => error instanceof ApplicationFailure && error.type === type

  describe(`${name} keeps the metrics contract`, () => {
    test('a query gives its number', async () => {
      const { port, questions: { number } } = make()
      expect(await port.measure(number.query)).toBe(number.value)
    })
    test('no data is null, not zero', async () => { expect(await ask('nothing')).toBeNull() })
    test('what is not a number is no data', async () => { expect(await ask('notANumber')).toBeNull() })
    test('a query that is not understood is refused', async () => { await expect(ask('notUnderstood')).rejects.toSatisfy(refuses('TARGET_REFUSED')) })
    test('a query that gives more than a number is refused', async () => { await expect(ask('tooMuch')).rejects.toSatisfy(refuses('TARGET_REFUSED')) })
    test('where nobody listens the source is unreachable', async () => { await expect(ask('nobody')).rejects.toSatisfy(refuses('TARGET_UNREACHABLE')) })
    test('a source that never answers is unreachable, after a while', async () => { await expect(ask('silent')).rejects.toSatisfy(refuses('TARGET_UNREACHABLE')) })
    test('a source in trouble is unreachable', async () => { await expect(ask('broken')).rejects.toSatisfy(refuses('TARGET_UNREACHABLE')) })
    test('an answer of something else is refused', async () => { await expect(ask('stranger')).rejects.toSatisfy(refuses('TARGET_REFUSED')) })
    test('a caller that stops waiting is not told of an outage', async () => {
      const { port, questions: { silent } } = make()
      const reason = new Error('the judge was cancelled')
      await expect(port.measure(silent, AbortSignal.abort(reason))).rejects.toBe(reason)
    })
  })
}
