import { failure } from '../../domain/failures.js'

export interface Reply { status: number; text: string; headers: Headers }

/**
 * One call to a gateway's admin API. A status under 500 is an answer, whatever it says.
 * @param who for messages: `envoy front at http://127.0.0.1:9901`
 * @throws TARGET_UNREACHABLE on no answer within `timeoutMs` ms, or a status of 500 and more
 */
export async function callAdmin(who: string, url: string, { timeoutMs = 5_000, ...init }: RequestInit & { timeoutMs?: number } = {}): Promise<Reply> {
  let reply: Reply
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    reply = { status: response.status, text: await response.text(), headers: response.headers }
  } catch (error) {
    throw failure('TARGET_UNREACHABLE', `${who} did not answer ${init.method ?? 'GET'} ${new URL(url).pathname}: ${because(error)}`)
  }
  if (reply.status >= 500) throw failure('TARGET_UNREACHABLE', `${who} could not do ${init.method ?? 'GET'} ${new URL(url).pathname}: status ${reply.status} ${reply.text.trim().slice(0, 300)}`)
  return reply
}

/** fetch hides the reason in the cause. */
export function because(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message} (${cause.message || (cause as NodeJS.ErrnoException).code || cause.name})` : message
}
