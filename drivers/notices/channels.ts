import { sendMail } from './email.js'
import type { Notice, NoticeChannel, NoticePort } from './port.js'
import { sendToSlack } from './slack.js'
import { sendToWebhook } from './webhook.js'

/** Notices over every kind of channel there is. */
export class Channels implements NoticePort {
  async send(channel: NoticeChannel, notice: Notice): Promise<void> {
    switch (channel.type) {
      case 'slack': return sendToSlack(channel, notice)
      case 'webhook': return sendToWebhook(channel, notice)
      case 'email': return sendMail(channel, notice)
    }
  }
}
