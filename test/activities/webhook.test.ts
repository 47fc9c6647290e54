import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWebhookRunner } from '../../activities/kinds/webhook.js'
import type { WebhookConfig } from '../../plan/kinds/webhook.js'
import { freePort } from '../testbed/component.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { jobContext } from './job-context.js'

const runner = createWebhookRunner()
let server: Awaited<ReturnType<typeof startHttpTarget>>
let closed = 0
beforeAll(async () => {
  closed = await freePort()
  server = await startHttpTarget(({ path }) => {
    const [, what = '', code] = path.split('/')
    switch (what.split('?')[0]) {
      case 'status': return { status: Number(code), body: 'x'.repeat(1000), headers: Number(code) === 302 ? { location: '/json' } : {} }
      case 'json': return { body: '{"ticket": "OPS-7", "open": true}' }
      case 'list': return { body: '[1, 2]' }
      case 'large': return { body: JSON.stringify({ text: 'x'.repeat(20_000) }) }
      case 'silent': return null
      case 'echo': return { status: 400, body: `${'x'.repeat(497)}s3cret` }
      default: return { body: 'plain words' }
    }
  })
})
afterAll(() => server.stop())
const config = (path: string, changes: Partial<WebhookConfig> = {}): WebhookConfig => ({ url: `${server.url}${path}`, method: 'POST', ...changes })

test('a JSON object in the answer becomes the outputs', async () => {
  const result = await runner.execute(config('/json', { body: { version: '2.4.0' }, headers: { Authorization: 'Bearer t0p' } }), jobContext())
  expect(result).toEqual({ outputs: { ticket: 'OPS-7', open: true }, message: `POST to ${new URL(server.url).host} answered 200`, artifacts: [] })
  expect(server.received.at(-1)).toMatchObject({ method: 'POST', body: '{"version":"2.4.0"}', headers: { 'content-type': 'application/json', authorization: 'Bearer t0p', 'idempotency-key': 'r1/tell/notify/1' } })
})

test('a text is sent as it is, in the type the plan says', async () => {
  await runner.execute(config('/', { body: '<a/>', headers: { 'Content-Type': 'application/xml' } }), jobContext())
  expect(server.received.at(-1)).toMatchObject({ body: '<a/>', headers: { 'content-type': 'application/xml' } })
})

test('no plan can take the idempotency key away', async () => {
  await runner.execute(config('/', { headers: { 'Idempotency-Key': 'mine' } }), jobContext())
  expect(server.received.at(-1)?.headers['idempotency-key']).toBe('r1/tell/notify/1')
})

test.each(['/list', '/words'])('an answer that is no object gives no outputs: %s', async (path) => {
  expect((await runner.execute(config(path), jobContext())).outputs).toEqual({})
})

test('an answer too large for a history is left out, and the message says so', async () => {
  expect(await runner.execute(config('/large'), jobContext())).toMatchObject({ outputs: {}, message: expect.stringContaining('its answer of 20011 characters is over 16384 and left out') as string })
})

test.each([[404, 'TARGET_REFUSED'], [302, 'TARGET_REFUSED'], [422, 'TARGET_REFUSED'], [429, 'TARGET_UNREACHABLE'], [503, 'TARGET_UNREACHABLE']])('an answer of %i is %s, with the beginning of its words', async (status, type) => {
  await expect(runner.execute(config(`/status/${status}`), jobContext())).rejects.toMatchObject({ type, message: `POST to ${new URL(server.url).host} answered ${status}: ${'x'.repeat(500)}` })
})

test('a secret the far side repeats is taken out before its words are cut: half of one would stay', async () => {
  const redact = (text: string): string => text.replaceAll('s3cret', '***')
  await expect(runner.execute(config('/echo'), jobContext({ redact }))).rejects.toMatchObject({ message: expect.stringMatching(/x{497}\*{3}$/) as string })
})

test('the plan says which statuses it expects', async () => {
  expect((await runner.execute(config('/status/409', { expectedStatus: [200, 409] }), jobContext())).message).toContain('answered 409')
  await expect(runner.execute(config('/json', { expectedStatus: [201] }), jobContext())).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
})

test('nobody there, or nobody answering in time, may be tried again; no message holds the whole URL', async () => {
  await expect(runner.execute({ url: `http://127.0.0.1:${closed}/s3cret`, method: 'POST' }, jobContext())).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: `POST to 127.0.0.1:${closed}: no answer: ECONNREFUSED` })
  await expect(runner.execute(config('/silent?token=s3cret'), jobContext({ timeoutMs: 100 }))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.not.stringContaining('s3cret') as string })
})

test('a release that no longer wants the call ends it, and that is no outage', async () => {
  const cancel = new AbortController()
  const call = runner.execute(config('/silent'), jobContext({ signal: cancel.signal }))
  const reason = new Error('aborted by ann')
  cancel.abort(reason)
  await expect(call).rejects.toBe(reason)
})

test('a GET with a body is a mistake in the plan', async () => {
  await expect(runner.execute(config('/json', { method: 'GET', body: {} }), jobContext())).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
})

test('taken back, the far side is told which call it undoes; without a URL for that nobody is called', async () => {
  const before = server.received.length
  await runner.rollback?.(config('/json'), null, jobContext())
  expect(server.received).toHaveLength(before)
  await runner.rollback?.(config('/json', { rollbackUrl: `${server.url}/undo` }), null, jobContext({ idempotencyKey: 'r1/tell/notify/1/rollback' }))
  expect(server.received.at(-1)).toMatchObject({ method: 'POST', path: '/undo', headers: { 'idempotency-key': 'r1/tell/notify/1/rollback' } })
  expect(JSON.parse(server.received.at(-1)?.body ?? '')).toMatchObject({ releaseId: 'r1', undoes: 'r1/tell/notify/1' })
})
