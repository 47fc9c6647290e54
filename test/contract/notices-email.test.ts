import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Channels } from '../../drivers/notices/channels.js'
import { freePort, INSTALL_TIMEOUT_MS, startComponent, type Component } from '../testbed/component.js'
import { notice, noticesContract } from './notices.js'

const port = new Channels()
let mail: Component
let busy: Server
let closed = 0
beforeAll(async () => {
  mail = await startComponent('mail', ['TESTBED_SMTP_PORT', 'TESTBED_SMTPS_PORT', 'TESTBED_MAIL_API_PORT'])
  closed = await freePort()
  busy = createServer((socket) => socket.on('error', () => undefined).end('421 too busy, try again later\r\n'))
  await once(busy.listen(0, '127.0.0.1'), 'listening')
}, INSTALL_TIMEOUT_MS)
afterAll(async () => { busy.close(); await mail.stop() })

const channel = (changes: { port?: number; secure?: boolean; password?: string } = {}) => ({
  type: 'email', host: '127.0.0.1', port: mail.port['TESTBED_SMTP_PORT'] ?? 0, secure: false, username: 'ann', password: 's3cret', from: 'Releases <releases@example.com>', ...changes,
}) as const

/** Subject, text and id of every message in a mailbox, by GreenMail's own record. */
async function mailbox(address: string): Promise<{ subject: string; text: string; id: string }[]> {
  const answer = await fetch(`http://127.0.0.1:${mail.port['TESTBED_MAIL_API_PORT']}/api/user/${address}/messages`)
  const messages = await answer.json() as { subject: string; mimeMessage: string }[]
  return messages.map(({ subject, mimeMessage }) => ({ subject, text: bodyOf(mimeMessage), id: /^Message-ID: (\S+)/mi.exec(mimeMessage)?.[1] ?? '' }))
}

function bodyOf(mime: string): string {
  const [head = '', ...rest] = mime.split(/\r?\n\r?\n/)
  const body = rest.join('\n\n').trim()
  const text = /base64/i.test(head) ? Buffer.from(body, 'base64').toString('utf8')
    : /quoted-printable/i.test(head) ? Buffer.from(body.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8') : body
  return text.replaceAll('\r\n', '\n').trimEnd()
}

noticesContract('e-mail', () => ({
  port, arrived: async () => (await mailbox('ann@example.com')).map(({ subject, text }) => ({ subject, text })), channels: {
    good: channel(), refused: channel({ password: 's3cret-but-wrong' }), troubled: channel({ port: (busy.address() as AddressInfo).port }), nobody: channel({ port: closed }), secret: 's3cret',
  },
}))

test('a notice that is sent again is the same message to every mail program', async () => {
  for (const key of ['r1/a', 'r1/a', 'r1/b']) await port.send(channel(), notice({ recipients: ['bob@example.com'], key }))
  const [first, again, other] = (await mailbox('bob@example.com')).map(({ id }) => id)
  expect(first).toMatch(/^<[0-9a-f]{32}@example\.com>$/)
  expect(again).toBe(first)
  expect(other).not.toBe(first)
})

test('every recipient gets it', async () => {
  await port.send(channel(), notice({ recipients: ['cid@example.com', 'dee@example.com'] }))
  expect([(await mailbox('cid@example.com')).length, (await mailbox('dee@example.com')).length]).toEqual([1, 1])
})

test('a mail to nobody is refused before anyone is asked', async () => {
  await expect(port.send(channel(), notice({ recipients: [] }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'an e-mail needs recipients' })
})

test('a certificate that nobody signed gets no password', async () => {
  await expect(port.send(channel({ secure: true, port: mail.port['TESTBED_SMTPS_PORT'] ?? 0 }), notice())).rejects.toMatchObject({ message: expect.stringContaining('self-signed') as string })
})
