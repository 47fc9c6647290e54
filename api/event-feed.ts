import type { FastifyBaseLogger } from 'fastify'
import type { EventStore } from '../store/events.js'

const LOOK_EVERY_MS = 300

interface Watcher { releaseId: string; head: string; wake: () => void }

/**
 * Tells watchers that a release's journal was written. One query every 300 ms for all watched releases,
 * however many watch; none while nobody does.
 */
export class EventFeed {
  readonly #events: EventStore
  readonly #log: FastifyBaseLogger
  readonly #watchers = new Set<Watcher>()
  #timer: NodeJS.Timeout | null = null
  constructor(events: EventStore, log: FastifyBaseLogger) {
    this.#events = events
    this.#log = log
  }

  /** Resolves when the release is no longer at `head`, after `ms` at the latest, or when `signal` says to stop. */
  async news(releaseId: string, head: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_EVERY_MS)
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(watcher)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const watcher: Watcher = { releaseId, head, wake }
      const timer = setTimeout(wake, ms)
      this.#watchers.add(watcher)
      signal.addEventListener('abort', wake)
    })
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    try {
      const heads = await this.#events.heads([...new Set([...this.#watchers].map(({ releaseId }) => releaseId))])
      for (const { releaseId, head, wake } of this.#watchers) if (heads.get(releaseId) !== head) wake()
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot look for news; trying again')
    }
    this.#timer = this.#watchers.size > 0 ? setTimeout(() => void this.#look(), LOOK_EVERY_MS) : null
  }
}
