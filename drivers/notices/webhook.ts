import type { Notice, NoticeChannel } from './port.js'
import { postJson } from './post.js'

/** Any URL that takes JSON `{ subject, text, recipients, data }`; the header `Idempotency-Key` tells a resend from a new notice. */
export async function sendToWebhook({ url, headers }: Extract<NoticeChannel, { type: 'webhook' }>, { key, ...notice }: Notice): Promise<void> {
  await postJson('webhook', url, { ...headers, 'idempotency-key': key }, notice)
}
