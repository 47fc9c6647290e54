import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { formatDuration } from '../domain/duration.js'

export interface HttpProbe { url: string; method?: string; headers?: Record<string, string>; expectedStatus: number; contains?: string }
const SHOWN_CHARACTERS = 200

/** `body`: its first million characters, as a probe looks no further. Where nobody answered: why. */
export type HttpAnswer = { status: number; body: string } | { status: null; why: string }
const BODY_CHARACTERS = 1_048_576

/**
 * Ask once over HTTP, each time by a new connection: one that is kept may lead to where the name or address led before.
 * Redirects are not followed. @throws the reason of `cancel`
 */
export async function askHttp({ url, method = 'GET', headers = {} }: Pick<HttpProbe, 'url' | 'method' | 'headers'>, timeoutMs: number, cancel?: AbortSignal): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = cancel ? AbortSignal.any([timeout, cancel]) : timeout
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      (url.startsWith('https:') ? https : http).request(url, { method, headers, agent: false, signal }, resolve).on('error', reject).end()
    })
    let body = ''
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) if ((body += chunk).length >= BODY_CHARACTERS) break
    return { status: response.statusCode ?? 0, body }
  } catch (error) {
    cancel?.throwIfAborted()
    return { status: null, why: timeout.aborted ? `an answer within ${formatDuration(timeoutMs)}, got none` : `an answer, got ${reasonOf(error)}` }
  }
}

/**
 * Ask once over HTTP. @param redact takes secrets out of what is told, before it is cut: half of one would stay
 * @returns null when the answer is as expected, else what was expected and what came
 */
export async function probeHttp({ expectedStatus, contains, ...probe }: HttpProbe, timeoutMs: number, cancel?: AbortSignal, redact = (text: string): string => text): Promise<string | null> {
  const answer = await askHttp(probe, timeoutMs, cancel)
  if (answer.status === null) return `expected ${answer.why}`
  const { status, body } = answer
  const shown = (): string => redact(body).slice(0, SHOWN_CHARACTERS)
  if (status !== expectedStatus) return `expected status ${expectedStatus}, got ${status} ${shown()}`.trimEnd()
  return contains === undefined || body.includes(contains) ? null : `expected the body to hold ${JSON.stringify(contains)}, got ${JSON.stringify(shown())}`
}

/** Connect once over TCP. @returns null when somebody accepts, else what came. */
export async function probeTcp(host: string, port: number, timeoutMs: number, cancel?: AbortSignal): Promise<string | null> {
  cancel?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const end = (answer: string | null): void => { socket.destroy(); resolve(answer) }
    socket.once('connect', () => { end(null) })
    socket.once('timeout', () => { end(`expected a connection within ${formatDuration(timeoutMs)}, got none`) })
    socket.once('error', (error) => { end(`expected a connection, got ${reasonOf(error)}`) })
    cancel?.addEventListener('abort', () => { socket.destroy(); reject(cancel.reason as Error) }, { once: true })
  })
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? String(error)
}
