import { failure } from '../../domain/failures.js'
import { isObject, type JsonObject } from '../../domain/json.js'
import type { WebhookConfig } from '../../plan/kinds/webhook.js'
import type { JobContext, KindRunner } from '../kind-runner.js'

const OUTPUT_LIMIT = 16 * 1024
const WORDS_LIMIT = 500
/** Statuses that say "not now". */
const LATER = [408, 425, 429]

/** Calls a URL. The header `Idempotency-Key` is the same whenever the same call is made again. */
export const createWebhookRunner = (): KindRunner<WebhookConfig> => ({
  /** A JSON object in the answer becomes the outputs, up to 16 KiB. @throws TARGET_REFUSED, TARGET_UNREACHABLE */
  async execute({ url, method, headers, body, expectedStatus }, context) {
    if (method === 'GET' && body !== undefined) throw failure('CONFIG_INVALID', 'a GET has no body')
    const { status, text } = await call({ url, method, headers, body, expectedStatus }, context)
    const outputs = outputsOf(text)
    const left = outputs === null ? `; its answer of ${text.length} characters is over ${OUTPUT_LIMIT} and left out` : ''
    return { outputs: outputs ?? {}, message: `${method} to ${new URL(url).host} answered ${status}${left}`, artifacts: [] }
  },

  /** Tells the far side that the release is taken back; without a `rollbackUrl` there is nobody to tell. */
  async rollback({ rollbackUrl, headers }, _snapshot, context) {
    if (rollbackUrl === undefined) return
    const { release, stage, job, idempotencyKey } = context.call
    await call({ url: rollbackUrl, method: 'POST', headers, body: { releaseId: release.releaseId, project: release.project, environment: release.environment, version: release.version, stage, job, undoes: idempotencyKey }, expectedStatus: undefined }, context)
  },
})

type Request = Pick<WebhookConfig, 'url' | 'method'> & { headers: Record<string, string> | undefined; body: unknown; expectedStatus: number[] | undefined }

async function call({ url, method, headers, body, expectedStatus }: Request, context: JobContext): Promise<{ status: number; text: string }> {
  const { idempotencyKey, signal, timeoutMs } = context
  const who = `${method} to ${new URL(url).host}` // the rest of a URL may be a secret
  const timeout = AbortSignal.timeout(timeoutMs)
  const sent = new Headers({ ...body !== undefined && typeof body !== 'string' && { 'content-type': 'application/json' }, ...headers })
  sent.set('idempotency-key', idempotencyKey)
  const { status, text } = await send().catch((error: unknown) => {
    signal.throwIfAborted()
    throw failure('TARGET_UNREACHABLE', timeout.aborted ? `${who}: no answer within ${timeoutMs} ms` : `${who}: no answer: ${causeOf(error)}`)
  })
  if (expectedStatus ? expectedStatus.includes(status) : status >= 200 && status < 300) return { status, text }
  throw failure(status >= 500 || LATER.includes(status) ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED', `${who} answered ${status}: ${context.redact(text).slice(0, WORDS_LIMIT)}`)

  async function send(): Promise<{ status: number; text: string }> {
    const answer = await fetch(url, {
      method, headers: sent, signal: AbortSignal.any([signal, timeout]), redirect: 'manual', // following would lose the body
      ...body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) },
    })
    return { status: answer.status, text: await answer.text() }
  }
}

/** Empty for what is no JSON object; null when it is too large to keep in a history. */
function outputsOf(text: string): JsonObject | null {
  if (Buffer.byteLength(text) > OUTPUT_LIMIT) return null
  try {
    const answer: unknown = JSON.parse(text)
    return isObject(answer) ? answer as JsonObject : {}
  } catch { return {} }
}

/** `fetch failed` says nothing; what is beneath it does. */
const causeOf = (error: unknown): string =>
  error instanceof Error ? error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code ?? error.cause.message : error.message : String(error)
