import { failure } from '../../domain/failures.js'

export interface Ask { url: string; headers: Record<string, string>; form?: Record<string, string>; timeoutMs: number; signal: AbortSignal | undefined }

/**
 * One question over HTTP; the answer's text when it is a good one. `form` makes it a POST.
 * @param who for messages, which never hold the URL: it may carry a token
 * @param complaint finds the source's own words in an answer that is not good
 * @throws TARGET_UNREACHABLE on no answer, 5xx or 429; TARGET_REFUSED on any other status that is not 2xx
 */
export async function ask(who: string, { url, headers, form, timeoutMs, signal }: Ask, complaint: (text: string) => string): Promise<string> {
  const { status, text } = await fetchText(who, url, {
    headers: { accept: 'application/json', ...headers }, ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  }, timeoutMs, signal)
  if (status >= 200 && status < 300) return text
  const code = status >= 500 || status === 429 ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED'
  throw failure(code, `${who} answered ${status}: ${complaint(text)}`)
}

async function fetchText(who: string, url: string, init: RequestInit, timeoutMs: number, signal: AbortSignal | undefined): Promise<{ status: number; text: string }> {
  if (!URL.canParse(url)) throw failure('TARGET_REFUSED', `${who}: its address is no URL`)
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
    return { status: answer.status, text: await answer.text() }
  } catch (error) {
    signal?.throwIfAborted()
    throw failure('TARGET_UNREACHABLE', timeout.aborted ? `${who} did not answer within ${timeoutMs} ms` : `${who} did not answer: ${causeOf(error)}`)
  }
}

/** `fetch failed` says nothing; what is beneath it does. */
export const causeOf = (error: unknown): string =>
  error instanceof Error ? error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code ?? error.cause.message : error.message : String(error)

export const hostOf = (url: string): string => URL.canParse(url) ? new URL(url).host : 'no URL'
export const start = (text: string): string => text.trim().slice(0, 300)

/** @throws TARGET_REFUSED when it is none */
export function parseJson(who: string, text: string): unknown {
  try { return JSON.parse(text) } catch { throw failure('TARGET_REFUSED', `${who} did not answer JSON: ${start(text)}`) }
}
