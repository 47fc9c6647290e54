import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpMetrics } from '../../drivers/metrics/http.js'
import type { MetricQuery } from '../../drivers/metrics/port.js'
import { freePort } from '../testbed/component.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { metricsContract } from './metrics.js'

const BODY = JSON.stringify({
  data: { rates: [{ error: 0.02, text: '0.25', big: '1e3' }], when: 'NaN', empty: null, blank: ' ', ok: true, 'odd-key': 7 }, total: 12,
})
const port = new HttpMetrics({ timeoutMs: 2000 })
let source: Awaited<ReturnType<typeof startHttpTarget>>
let closed = 0
beforeAll(async () => {
  closed = await freePort()
  source = await startHttpTarget(({ path, headers }) => {
    switch (path.split('?')[0]) {
      case '/silent': return null
      case '/broken': return { status: 503, body: 'overloaded' }
      case '/busy': return { status: 429 }
      case '/page': return { body: '<html>sign in</html>' }
      case '/guarded': return headers.authorization === 'Bearer t0p' ? { body: '{"n": 1}' } : { status: 401, body: 'who are you?' }
      default: return { body: BODY }
    }
  })
})
afterAll(() => source.stop())

const at = (path: string, url = `${source.url}/stats`, headers: Record<string, string> = {}): MetricQuery => ({ source: 'json', url, path, headers })

metricsContract('json', () => ({
  port,
  questions: {
    number: { query: at('$.data.rates[0].error'), value: 0.02 }, nothing: at('$.data.missing.deeper'), notANumber: at('$.data.when'),
    notUnderstood: at('data..rates'), tooMuch: at('$.data.rates'), nobody: at('$', `http://127.0.0.1:${closed}`),
    silent: at('$', `${source.url}/silent`), broken: at('$', `${source.url}/broken`), stranger: at('$', `${source.url}/page`),
  },
}))

test.each([
  ['data.rates.0.error', 0.02], ['$.total', 12], ['total', 12], ['$.data.rates[0].text', 0.25], ['$.data.rates[0].big', 1000], ['$.data.odd-key', 7],
  ['$.data.empty', null], ['$.data.rates[7].error', null], ['$.total.deeper', null], ['$.constructor', null],
])('%s is read from the answer', async (path, value) => {
  expect(await port.measure(at(path))).toBe(value)
})

test.each(['$.data.ok', '$.data.blank', '$.data', '', '$[', '$.a[x]'])('%s is refused rather than guessed at', async (path) => {
  await expect(port.measure(at(path))).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
})

test('headers open a guarded source; without them its own words say why not', async () => {
  expect(await port.measure(at('n', `${source.url}/guarded`, { authorization: 'Bearer t0p' }))).toBe(1)
  await expect(port.measure(at('n', `${source.url}/guarded`))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('answered 401: who are you?') as string })
})

test('a source that asks for patience is not there for now', async () => {
  await expect(port.measure(at('n', `${source.url}/busy`))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
})

test('a message names the host, never the rest of the URL: it may hold a token', async () => {
  const error: unknown = await port.measure(at('$.data', `${source.url}/stats?token=s3cret`)).catch((thrown: unknown) => thrown)
  expect(String(error)).not.toContain('s3cret')
  await expect(port.measure(at('n', `${source.url}/broken?token=s3cret`))).rejects.toMatchObject({ message: expect.not.stringContaining('s3cret') as string })
})
