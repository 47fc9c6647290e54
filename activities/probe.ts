import { connect } from 'node:net'
import { formatDuration } from '../domain/duration.js'

export interface HttpProbe { url: string; method?: string; headers?: Record<string, string>; expectedStatus: number; contains?: string }
const BODY_CHARACTERS = 200

/** Ask once over HTTP. @returns null when the answer is as expected, else what was expected and what came. Redirects are not followed. */
export async function probeHttp({ url, method = 'GET', headers = {}, expectedStatus, contains }: HttpProbe, timeoutMs: number, cancel?: AbortSignal): Promise<string | null> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, { method, headers, redirect: 'manual', signal: cancel ? AbortSignal.any([timeout, cancel]) : timeout })
    const body = await response.text()
    if (response.status !== expectedStatus) return `expected status ${expectedStatus}, got ${response.status} ${body.slice(0, BODY_CHARACTERS)}`.trimEnd()
    return contains === undefined || body.includes(contains) ? null : `expected the body to hold ${JSON.stringify(contains)}, got ${JSON.stringify(body.slice(0, BODY_CHARACTERS))}`
  } catch (error) {
    cancel?.throwIfAborted()
    return timeout.aborted ? `expected an answer within ${formatDuration(timeoutMs)}, got none` : `expected an answer, got ${reasonOf(error)}`
  }
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

/** fetch says only `fetch failed`; what happened is in its cause. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown }
  const { code, message } = cause as { code?: string; message?: string }
  return code ?? message ?? String(cause)
}
