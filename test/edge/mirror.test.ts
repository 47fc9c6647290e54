import { text } from 'node:stream/consumers'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort, until } from './edge-process.js'
import { side, upstream, type TestUpstream } from './upstream.js'

interface Copied { method: string; url: string; body: string; cookie: string | undefined }

let edge: EdgeProcess
let stable: TestUpstream
let candidate: TestUpstream
let url = ''
const copied: Copied[] = []
/** What the candidate does with a copy. */
let answer: (response: ServerResponse) => void = (response) => response.end('thrown away')
beforeAll(async () => {
  edge = await EdgeProcess.start()
  stable = await upstream((request, response) => { void text(request).then((body) => response.end(`stable got ${body.length}`)) })
  candidate = await upstream((request, response) => {
    void text(request).then((body) => {
      copied.push({ method: request.method ?? '', url: request.url ?? '', body, cookie: request.headers.cookie })
      answer(response)
    })
  })
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  await edge.route('web', { stable: side('one', stable.url), candidate: side('two', candidate.url), percent: 0, mirrorPercent: 100, listen: { port } })
}, 30_000)
afterAll(() => Promise.all([edge.dispose(), stable.stop(), candidate.stop()]))

test('a copy is the same request, its body whole, and the client sees the stable answer alone', async () => {
  const body = 'x'.repeat(3_000_000)
  const got = await fetch(`${url}/orders?id=7`, { method: 'POST', body, headers: { cookie: 'sid=7' } })
  expect(await got.text()).toBe('stable got 3000000')
  expect(got.headers.get('x-release-id')).toBe('one')
  await until(() => copied.length === 1)
  expect(copied).toEqual([{ method: 'POST', url: '/orders?id=7', body, cookie: 'sid=7' }])
  const { body: metrics } = await edge.control('GET', '/routes/web/metrics')
  expect(metrics).toMatchObject({ stable: { requests: 1 }, candidate: { requests: 0 } })
})

test('a candidate that hangs holds up nobody: copies over the most are left out', async () => {
  const hung: ServerResponse[] = []
  answer = (response) => { hung.push(response) }
  copied.length = 0
  for (let n = 0; n < 300; n += 20) expect(await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).text()))).toEqual(Array.from({ length: 20 }, () => 'stable got 0'))
  await until(() => hung.length === 256)
  answer = (response) => response.end()
  for (const response of hung) response.end()
  await until(async () => { await fetch(url); return copied.length > 256 })
})

test('a copy that is not answered in time is given up', async () => {
  const impatient = await EdgeProcess.start({ EDGE_UPSTREAM_TIMEOUT_MS: '300' })
  const hung: ServerResponse[] = []
  answer = (response) => { hung.push(response) }
  await impatient.route('web', { stable: side('one', stable.url), candidate: side('two', candidate.url), percent: 0, mirrorPercent: 100, listen: { port: impatient.port } })
  expect(await (await fetch(impatient.url)).text()).toBe('stable got 0')
  await until(() => hung.length === 1 && hung[0]?.destroyed === true)
  answer = (response) => response.end()
  await impatient.dispose()
})

test('a candidate that is not there costs nothing', async () => {
  const port = await freePort()
  await edge.route('gone', { stable: side('one', stable.url), candidate: side('two', 'http://127.0.0.1:1'), percent: 0, mirrorPercent: 100, listen: { port } })
  for (let n = 0; n < 10; n++) expect(await (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'abc' })).text()).toBe('stable got 3')
})

test.each([
  [{ match: [{ by: 'address', name: 'x', value: 'y' }] }, 'match.0.by must be one of header, cookie'],
  [{ match: [{ by: 'header', name: 'a b', value: 'y' }] }, 'match.0.name must be the name of a cookie or header'],
  [{ match: [{ by: 'header', name: 'x' }] }, 'match.0.value is missing'],
  [{ mirrorPercent: 101 }, 'mirrorPercent must be a number from 0 to 100 in steps of 0.01'],
  [{ mirrorPercent: 0.001 }, 'mirrorPercent must be in steps of 0.01, not 0.001'],
])('%j is refused with what is allowed', async (more, message) => {
  const { status, body } = await edge.control('PUT', '/routes/web', { stable: null, candidate: null, percent: 0, sticky: null, ...more })
  expect({ status, body }).toEqual({ status: 400, body: { code: 'REQUEST_INVALID', message } })
})
