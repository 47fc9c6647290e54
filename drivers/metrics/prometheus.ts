import { failure } from '../../domain/failures.js'
import { isObject } from '../../domain/json.js'
import { ask, hostOf, parseJson, start, type Ask } from './ask.js'
import type { MetricQuery } from './port.js'

/**
 * One number from Prometheus, or what speaks its HTTP API: an instant query that gives a scalar or a vector of one sample.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 */
export async function askPrometheus({ address, query, headers }: Extract<MetricQuery, { source: 'prometheus' }>, how: Pick<Ask, 'timeoutMs' | 'signal'>): Promise<number | null> {
  const who = `prometheus at ${hostOf(address)}`
  // POST: a query may be longer than a URL, and stays out of access logs
  const text = await ask(who, { url: `${address.replace(/\/+$/, '')}/api/v1/query`, headers, form: { query }, ...how }, errorOf)
  const answer = parseJson(who, text)
  const data = isObject(answer) && answer['status'] === 'success' ? answer['data'] : null
  if (!isObject(data)) throw failure('TARGET_REFUSED', `${who} did not answer as a Prometheus does: ${start(text)}`)
  const { resultType, result } = data
  if (resultType === 'scalar') return numberOf(result)
  if (resultType !== 'vector' || !Array.isArray(result)) throw failure('TARGET_REFUSED', `the query must give one number, it gave a ${String(resultType)}: ${query}`)
  if (result.length > 1) throw failure('TARGET_REFUSED', `the query must give one number, it gave ${result.length}: ${query}`)
  const [sample] = result as unknown[]
  if (isObject(sample) && 'histogram' in sample) throw failure('TARGET_REFUSED', `the query must give one number, it gave a histogram: ${query}`)
  return isObject(sample) ? numberOf(sample['value']) : null
}

/** A sample is `[seconds, "value"]`; values may be NaN, +Inf and -Inf. */
function numberOf(sample: unknown): number | null {
  const text = Array.isArray(sample) ? String(sample[1]) : 'NaN'
  const value = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
  return Number.isNaN(value) ? null : value
}

function errorOf(text: string): string {
  try {
    const answer: unknown = JSON.parse(text)
    if (isObject(answer) && typeof answer['error'] === 'string') return answer['error']
  } catch { /* a proxy's page: its beginning will do */ }
  return start(text)
}
