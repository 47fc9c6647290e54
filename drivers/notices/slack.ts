import type { Notice, NoticeChannel } from './port.js'
import { postJson } from './post.js'

const HEADER_LIMIT = 150
const SECTION_LIMIT = 3000

/**
 * A Slack incoming webhook (https://api.slack.com/messaging/webhooks): a header, the text, and whom it is for.
 * Slack keeps no idempotency keys: a notice that is sent again is seen again.
 */
export async function sendToSlack({ url }: Extract<NoticeChannel, { type: 'slack' }>, { subject, text, recipients }: Notice): Promise<void> {
  await postJson('slack', url, {}, {
    text: escape(`${subject}\n${text}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(subject, HEADER_LIMIT) } },
      { type: 'section', text: { type: 'mrkdwn', text: cut(escape(text), SECTION_LIMIT) } },
      ...(recipients.length === 0 ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: cut(escape(recipients.join(', ')), SECTION_LIMIT) }] }]),
    ],
  })
}

const cut = (text: string, limit: number): string => text.length > limit ? `${text.slice(0, limit - 1)}…` : text || ' '

/** The three characters Slack gives a meaning: without this, `<!channel>` in a commit message would call everyone. */
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
