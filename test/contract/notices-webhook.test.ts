import { afterAll, beforeAll, expect, test } from 'vitest'
import { Channels } from '../../drivers/notices/channels.js'
import { freePort } from '../testbed/component.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { notice, noticesContract } from './notices.js'

const port = new Channels()
let server: Awaited<ReturnType<typeof startHttpTarget>>
let closed = 0
beforeAll(async () => {
  closed = await freePort()
  server = await startHttpTarget(({ path, headers }) =>
    path.startsWith('/troubled') ? { status: 503 } : path.startsWith('/moved') ? { status: 302, headers: { location: '/hook' } }
      : headers.authorization === 'Bearer s3cret' ? { status: 202 } : { status: 403, body: 'not you' })
})
afterAll(() => server.stop())
const channel = (path: string, token = 's3cret') => ({ type: 'webhook', url: `${server.url}${path}`, headers: { Authorization: `Bearer ${token}` } }) as const

noticesContract('webhook', () => ({
  port, arrived: async () => server.received.map(({ body }) => JSON.parse(body) as { subject: string; text: string }).map(({ subject, text }) => ({ subject, text })), channels: {
    good: channel('/hook'), refused: channel('/hook', 's3cret-but-wrong'), troubled: channel('/troubled'),
    nobody: { ...channel('/hook'), url: `http://127.0.0.1:${closed}/s3cret` }, secret: 's3cret',
  },
}))

test('a webhook is told everything as JSON, and by its key can tell a resend', async () => {
  const given = notice({ subject: 'once', key: 'r1/notify/7' })
  await port.send(channel('/hook'), given)
  await port.send(channel('/hook'), given)
  const [first, second] = server.received.slice(-2)
  expect(JSON.parse(first?.body ?? '')).toEqual({ subject: 'once', text: given.text, recipients: ['ann@example.com'], data: { releaseId: 'r1' } })
  expect([first?.headers['idempotency-key'], second?.headers['idempotency-key']]).toEqual(['r1/notify/7', 'r1/notify/7'])
})

test('a redirect is refused: following it would lose the body', async () => {
  await expect(port.send(channel('/moved'), notice())).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('answered 302') as string })
})
