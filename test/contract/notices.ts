import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import type { Notice, NoticeChannel, NoticePort } from '../../drivers/notices/port.js'

/** One kind of channel, set up well and in every way that fails. */
export interface NoticeChannels {
  good: NoticeChannel
  /** The far side says no to whoever holds this address or password. */
  refused: NoticeChannel
  /** Nobody listens there. */
  nobody: NoticeChannel
  /** It answers that it cannot just now. */
  troubled: NoticeChannel
  /** What must be in no message. */
  secret: string
}

export const notice = (changes: Partial<Notice> = {}): Notice =>
  ({ subject: 'shop 2.4.0 is out', text: '🚀 发布开始\n10 % of requests < 1 & no errors', recipients: ['ann@example.com'], key: 'r1/notify/1', data: { releaseId: 'r1' }, ...changes })

/** What every way of telling people must do. `arrived`: subject and text of all that came, as its reader sees them. */
export function noticesContract(name: string, make: () => { port: NoticePort; channels: NoticeChannels; arrived: () => Promise<{ subject: string; text: string }[]> }): void {
  const fails = async (which: 'refused' | 'nobody' | 'troubled'): Promise<ApplicationFailure> => {
    const { port, channels } = make()
    const error: unknown = await port.send(channels[which], notice()).catch((thrown: unknown) => thrown)
    if (!(error instanceof ApplicationFailure)) throw new Error(`expected a failure, got ${String(error)}`)
    expect(error.message).not.toContain(channels.secret)
    return error
  }

  describe(`${name} keeps the notices contract`, () => {
    test('a notice arrives as it was written', async () => {
      const { port, channels, arrived } = make()
      const { subject, text } = notice()
      await port.send(channels.good, notice())
      expect(await arrived()).toContainEqual({ subject, text })
    })
    test('a far side that says no has refused, and no secret is told', async () => { expect((await fails('refused')).type).toBe('TARGET_REFUSED') })
    test('where nobody listens the channel is unreachable, and no secret is told', async () => { expect((await fails('nobody')).type).toBe('TARGET_UNREACHABLE') })
    test('a far side in trouble is unreachable: it may be tried again', async () => {
      const error = await fails('troubled')
      expect([error.type, error.nonRetryable]).toEqual(['TARGET_UNREACHABLE', false])
    })
  })
}
