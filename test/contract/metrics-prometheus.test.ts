import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpMetrics } from '../../drivers/metrics/http.js'
import type { MetricQuery } from '../../drivers/metrics/port.js'
import { freePort, INSTALL_TIMEOUT_MS, startComponent, type Component } from '../testbed/component.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { metricsContract } from './metrics.js'

const port = new HttpMetrics()
const impatient = new HttpMetrics({ timeoutMs: 1500 })
let prometheus: Component
let service: Awaited<ReturnType<typeof startHttpTarget>>
let address = ''
let closed = 0
const METRICS = 'shop_saturation 0.25\nshop_idle NaN\nshop_requests{code="200"} 5\nshop_requests{code="500"} 3\n'

beforeAll(async () => {
  closed = await freePort()
  service = await startHttpTarget(({ path }) => {
    switch (path.split('/')[1]) {
      case 'metrics': return { headers: { 'content-type': 'text/plain; version=0.0.4' }, body: METRICS }
      case 'silent': return null
      case 'broken': return { status: 503, body: '{"status":"error","errorType":"timeout","error":"query timed out"}' }
      default: return { body: '{"hello": "world"}' }
    }
  })
  prometheus = await startComponent('prometheus', ['TESTBED_PROMETHEUS_PORT'])
  address = `http://127.0.0.1:${prometheus.port['TESTBED_PROMETHEUS_PORT']}`
  const targets = join(prometheus.folder, 'prometheus', 'targets')
  await mkdir(targets, { recursive: true })
  await writeFile(join(targets, 'shop.json'), JSON.stringify([{ targets: [service.url.replace('http://', '')] }]))
  for (let tries = 0; await port.measure(query('shop_saturation')) === null; tries++) {
    if (tries === 150) throw new Error('prometheus has not scraped the service within 30 s')
    await wait(200)
  }
}, INSTALL_TIMEOUT_MS)
afterAll(async () => { await prometheus.stop(); await service.stop() })

const query = (text: string, at = address): MetricQuery => ({ source: 'prometheus', address: at, query: text, headers: {} })

metricsContract('prometheus', () => ({
  port: impatient,
  questions: {
    number: { query: query('shop_saturation * 2'), value: 0.5 }, nothing: query('no_such_metric'), notANumber: query('shop_idle'),
    notUnderstood: query('sum(rate('), tooMuch: query('shop_requests'), nobody: query('up', `http://127.0.0.1:${closed}`),
    silent: query('up', `${service.url}/silent`), broken: query('up', `${service.url}/broken`), stranger: query('up', service.url),
  },
}))

test.each([
  ['a scalar', 'scalar(shop_saturation)', 0.25], ['an error rate', 'sum(shop_requests{code="500"}) / sum(shop_requests)', 0.375],
  ['a division by zero', '1 / (shop_saturation - 0.25)', Infinity], ['a scalar of nothing', 'scalar(no_such_metric)', null],
])('%s is one number', async (_what, text, value) => {
  expect(await port.measure(query(text))).toBe(value)
})

test('a query that is not understood is answered in Prometheus\' own words', async () => {
  await expect(port.measure(query('sum(rate('))).rejects.toMatchObject({ message: expect.stringMatching(/answered 400: .*parse error/) as string })
})

test('several samples, a range or a text are not one number, and the message says so', async () => {
  await expect(port.measure(query('shop_requests'))).rejects.toMatchObject({ message: 'the query must give one number, it gave 2: shop_requests' })
  await expect(port.measure(query('shop_requests[1m]'))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'the query must give one number, it gave a matrix: shop_requests[1m]' })
  await expect(port.measure(query('"text"'))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'the query must give one number, it gave a string: "text"' })
})

test('a query whose two sides do not match is refused, though Prometheus understands it', async () => {
  await expect(port.measure(query('shop_requests / on() shop_requests'))).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
})

test('an address may end in a slash', async () => {
  expect(await port.measure(query('shop_saturation', `${address}/`))).toBe(0.25)
})
