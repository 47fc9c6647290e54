import { Readable } from 'node:stream'
import { isEnding } from '../domain/release.js'
import { headOf, type EventStore } from '../store/events.js'
import type { ReleaseStore } from '../store/releases.js'
import type { EventFeed } from './event-feed.js'
import { logAnswer } from './release-reads.js'

const HEARTBEAT_MS = 15_000
const LOG_EVERY_MS = 300
const AT_ONCE = 200

/** Where a watcher is: `<event sequence>` or `<event sequence>.<log seq>`, the `id` of what it got last. */
export interface WatchPlace { sequence: number; seq: number }
export function readPlace(text: string | undefined): WatchPlace {
  const [sequence, seq] = (text ?? '').split('.').map((part) => /^\d+$/.test(part) ? Number(part) : 0)
  return { sequence: sequence ?? 0, seq: seq ?? 0 }
}

/**
 * A release as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `release`, `log`, and `end`, after which
 * nothing comes. Rows are fetched as fast as the watcher reads, a page at a time: a slow one costs one page of memory.
 */
export class ReleaseWatch {
  readonly #releases: ReleaseStore
  readonly #events: EventStore
  readonly #feed: EventFeed
  readonly #closing = new AbortController()
  constructor({ releases, events, feed }: { releases: ReleaseStore; events: EventStore; feed: EventFeed }) {
    this.#releases = releases
    this.#events = events
    this.#feed = feed
  }

  stream(tenant: string, releaseId: string, from: WatchPlace, withLogs: boolean): Readable {
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, this.#closing.signal])
    const stream = Readable.from(this.#lines(tenant, releaseId, { ...from }, withLogs, signal), { objectMode: false, highWaterMark: 16 * 1024 })
    return stream.once('close', () => { gone.abort() })
  }

  /** Ends every stream; their readers come back with `Last-Event-ID`. */
  close(): void {
    this.#closing.abort()
    this.#feed.close()
  }

  async *#lines(tenant: string, id: string, place: WatchPlace, withLogs: boolean, signal: AbortSignal): AsyncGenerator<string> {
    yield 'retry: 1000\n\n'
    const idOf = (): string => withLogs ? `${place.sequence}.${place.seq}` : String(place.sequence)
    for (let spokeAt = Date.now(); !signal.aborted;) {
      const row = await this.#releases.find(tenant, id) // before the events: an end seen here has its events written
      const events = await this.#events.after(id, place.sequence, AT_ONCE)
      const logs = withLogs ? await this.#events.logsAfter(id, place.seq, null, AT_ONCE) : []
      for (const event of events) {
        place.sequence = event.sequence
        yield message('release', idOf(), event)
      }
      for (const line of logs) {
        place.seq = line.seq
        yield message('log', idOf(), logAnswer(line))
      }
      if (events.length > 0 || logs.length > 0) spokeAt = Date.now()
      if (events.length === AT_ONCE || logs.length === AT_ONCE) continue
      if (!row || (isEnding(row.status) && place.sequence >= row.sequence && logs.length === 0)) {
        yield message('end', idOf(), { status: row?.status ?? 'gone', reason: row?.reason ?? null })
        return
      }
      await this.#feed.news(id, headOf(row), withLogs ? LOG_EVERY_MS : HEARTBEAT_MS, signal)
      if (Date.now() - spokeAt < HEARTBEAT_MS) continue
      spokeAt = Date.now()
      yield ': still here\n\n'
    }
  }
}

const message = (event: string, id: string, data: unknown): string => `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
