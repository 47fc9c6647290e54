import { ApplicationFailure } from '@temporalio/common'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from './api-client.js'
import { serverSentEvents, type ServerSentEvent } from './server-sent-events.js'

export type Followed = { kind: 'open' } | { kind: 'message'; message: ServerSentEvent } | { kind: 'lost'; why: string; retryInMs: number }

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 5000
/** The API sends something at least every 15 s; a line that is silent for three times that is dead. */
const SILENCE_MS = 45_000

/**
 * An event stream that outlives the server: reconnects with `Last-Event-ID` and backoff, for ever, until `signal` aborts.
 * @throws what the API says that trying again cannot change (401, 403, 404)
 */
export async function* follow(api: ApiClient, path: string, signal: AbortSignal): AsyncGenerator<Followed> {
  let lastId: string | null = null
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    const line = new Line(signal)
    let why = 'the stream ended'
    try {
      const response = await api.open({ method: 'GET', path, headers: { accept: 'text/event-stream', ...(lastId !== null && { 'last-event-id': lastId }) } }, line.signal)
      yield { kind: 'open' }
      for await (const message of serverSentEvents(line.watch(response))) {
        waitMs = FIRST_WAIT_MS
        if (message.id !== null) lastId = message.id
        yield { kind: 'message', message }
      }
    } catch (error) {
      if (isFinal(error)) throw error
      why = (error as Error).message.split('\n')[0] ?? ''
    } finally { line.close() }
    yield { kind: 'lost', why, retryInMs: waitMs }
    await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

const isFinal = (error: unknown): boolean => error instanceof ApplicationFailure && error.nonRetryable === true

/** One connection: cut when the person leaves or when it falls silent. */
class Line {
  readonly #cut = new AbortController()
  readonly signal: AbortSignal
  #timer: NodeJS.Timeout
  constructor(left: AbortSignal) {
    this.signal = AbortSignal.any([left, this.#cut.signal])
    this.#timer = this.#silence()
  }

  async *watch(response: Response): AsyncGenerator<Uint8Array> {
    for await (const bytes of response.body ?? []) {
      clearTimeout(this.#timer)
      this.#timer = this.#silence()
      yield bytes
    }
  }

  close(): void { clearTimeout(this.#timer); this.#cut.abort() }
  #silence(): NodeJS.Timeout { return setTimeout(() => this.#cut.abort(), SILENCE_MS) }
}
