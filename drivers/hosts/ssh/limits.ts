/** To connect and to begin it. */
const TO_BEGIN_MS = 20_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Until when a script may run: its time is not over, and somebody wants it. */
export class Limits {
  why: 'TIMED_OUT' | 'CANCELLED' | null = null
  readonly #over = new AbortController()
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout
  constructor(timeoutMs: number, cancel?: AbortSignal) {
    this.#timeoutMs = timeoutMs
    this.#timer = this.#alarm(timeoutMs + TO_BEGIN_MS)
    cancel?.addEventListener('abort', () => { this.#end('CANCELLED') }, { once: true })
  }

  /** Aborts when it must be stopped. */
  get signal(): AbortSignal { return this.#over.signal }

  /** It has begun that long ago: its time counts from there, not from the last caller. */
  begunAgo(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = this.#alarm(this.#timeoutMs - ms)
  }

  close(): void { clearTimeout(this.#timer) }

  #alarm(ms: number): NodeJS.Timeout { return setTimeout(() => { this.#end('TIMED_OUT') }, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS)) }

  #end(why: 'TIMED_OUT' | 'CANCELLED'): void {
    this.why ??= why
    this.#over.abort()
  }
}
