// A double of Slack's incoming webhooks, for want of Slack: it checks and answers as https://api.slack.com/messaging/webhooks says.
import { isObject } from '../../domain/json.js'
import { startHttpTarget, type Answer } from './http-target.js'

const KNOWN = '/services/T000/B000/s3cretXXXX'
const text = (status: number, body: string, headers: Record<string, string> = {}): Answer => ({ status, body, headers: { 'content-type': 'text/html', ...headers } })

/** `url` works; the others answer as Slack does for a webhook that is gone, an archived channel, a sender in too great a hurry. */
export async function startSlackDouble(): Promise<{ url: string; gone: string; archived: string; hurried: string; posted: { subject: string; text: string }[]; raw: unknown[]; stop: () => Promise<void> }> {
  const posted: { subject: string; text: string }[] = []
  const raw: unknown[] = []
  const server = await startHttpTarget(({ path, headers, body }) => {
    if (path.includes('/hurried/')) return text(429, 'rate_limited', { 'retry-after': '30' })
    if (path.includes('/archived/')) return text(410, 'channel_is_archived')
    if (path !== KNOWN) return text(404, 'no_service')
    const payload = parse(body)
    if (!headers['content-type']?.startsWith('application/json') || !isObject(payload)) return text(400, 'invalid_payload')
    if (typeof payload['text'] !== 'string' || payload['text'] === '') return text(400, 'no_text')
    const blocks = Array.isArray(payload['blocks']) ? payload['blocks'].filter(isObject) : []
    if (!blocks.every(isGoodBlock)) return text(400, 'invalid_blocks')
    raw.push(payload)
    posted.push({ subject: shown(blocks.find(({ type }) => type === 'header')), text: shown(blocks.find(({ type }) => type === 'section')) })
    return text(200, 'ok')
  })
  const at = (path: string): string => `${server.url}${path}`
  return { url: at(KNOWN), gone: at('/services/T000/B111/s3cretXXXX'), archived: at('/archived/s3cretXXXX'), hurried: at('/hurried/s3cretXXXX'), posted, raw, stop: server.stop }
}

/** https://api.slack.com/reference/block-kit/blocks: a header is plain text of 1–150 characters, a section's text has 1–3000. */
function isGoodBlock({ type, text: given, elements }: Record<string, unknown>): boolean {
  const within = (value: unknown, kind: string, limit: number): boolean =>
    isObject(value) && value['type'] === kind && typeof value['text'] === 'string' && value['text'].length >= 1 && value['text'].length <= limit
  switch (type) {
    case 'header': return within(given, 'plain_text', 150)
    case 'section': return within(given, 'mrkdwn', 3000)
    case 'context': return Array.isArray(elements) && elements.length >= 1 && elements.length <= 10 && elements.every((element) => within(element, 'mrkdwn', 3000))
    default: return false
  }
}

/** As its reader sees it. */
function shown(block: Record<string, unknown> | undefined): string {
  const given = isObject(block?.['text']) ? String(block['text']['text']) : ''
  return block?.['type'] === 'header' ? given : given.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function parse(body: string): unknown { try { return JSON.parse(body) } catch { return null } }
