import { afterAll, beforeAll, expect, test } from 'vitest'
import { Channels } from '../../drivers/notices/channels.js'
import { freePort } from '../testbed/component.js'
import { startSlackDouble } from '../testbed/slack-double.js'
import { notice, noticesContract } from './notices.js'

const port = new Channels()
let slack: Awaited<ReturnType<typeof startSlackDouble>>
let closed = 0
beforeAll(async () => { [slack, closed] = [await startSlackDouble(), await freePort()] })
afterAll(() => slack.stop())
const channel = (url: string) => ({ type: 'slack', url }) as const

noticesContract('slack', () => ({
  port, arrived: async () => slack.posted, channels: {
    good: channel(slack.url), refused: channel(slack.gone), troubled: channel(slack.hurried), nobody: channel(`http://127.0.0.1:${closed}/s3cretXXXX`), secret: 's3cretXXXX',
  },
}))

test('Slack\'s own word says why it refused', async () => {
  await expect(port.send(channel(slack.gone), notice())).rejects.toMatchObject({ message: expect.stringMatching(/^slack at 127\.0\.0\.1:\d+ answered 404: no_service$/) as string })
  await expect(port.send(channel(slack.archived), notice())).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('channel_is_archived') as string })
  await expect(port.send(channel(slack.hurried), notice())).rejects.toMatchObject({ message: expect.stringContaining('asks to wait 30 s') as string })
})

test('a text longer than Slack takes is cut, not refused', async () => {
  await port.send(channel(slack.url), notice({ subject: 's'.repeat(500), text: '<'.repeat(5000) }))
  expect(slack.posted.at(-1)?.subject).toBe(`${'s'.repeat(149)}…`)
})

test('an empty text is no reason to refuse', async () => {
  await port.send(channel(slack.url), notice({ subject: 'only a subject', text: '', recipients: [] }))
  expect(slack.posted.at(-1)?.subject).toBe('only a subject')
})

test('no text can call the whole channel', async () => {
  await port.send(channel(slack.url), notice({ text: 'fix: <!channel> & <@U1>', recipients: ['<!here>'] }))
  expect(JSON.stringify(slack.raw.at(-1))).not.toMatch(/<[!@]/)
})
