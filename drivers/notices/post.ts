import { failure } from '../../domain/failures.js'

const TIMEOUT_MS = 10_000

/**
 * POST a JSON body. The URL of a channel is a secret: messages name its host only.
 * @throws TARGET_UNREACHABLE on no answer, 5xx or 429; TARGET_REFUSED on any other status that is not 2xx, with its words
 */
export async function postJson(what: string, url: string, headers: Record<string, string>, body: unknown, timeoutMs = TIMEOUT_MS): Promise<string> {
  if (!URL.canParse(url)) throw failure('TARGET_REFUSED', `${what}: its address is no URL`)
  const who = `${what} at ${new URL(url).host}`
  const timeout = AbortSignal.timeout(timeoutMs)
  const { status, text, retryAfter } = await send().catch((error: unknown) => {
    throw failure('TARGET_UNREACHABLE', timeout.aborted ? `${who} did not answer within ${timeoutMs} ms` : `${who} did not answer: ${causeOf(error)}`)
  })
  if (status >= 200 && status < 300) return text
  const words = `${who} answered ${status}: ${text.trim().slice(0, 300)}`
  if (status === 429) throw failure('TARGET_UNREACHABLE', `${words}; asks to wait ${retryAfter ?? 'some'} s`)
  throw failure(status >= 500 ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED', words)

  async function send(): Promise<{ status: number; text: string; retryAfter: string | null }> {
    const answer = await fetch(url, {
      method: 'POST', redirect: 'manual', signal: timeout, // a redirected POST would arrive as a GET without its body
      headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body),
    })
    return { status: answer.status, text: await answer.text(), retryAfter: answer.headers.get('retry-after') }
  }
}

/** `fetch failed` says nothing; what is beneath it does. */
const causeOf = (error: unknown): string =>
  error instanceof Error ? error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code ?? error.cause.message : error.message : String(error)
