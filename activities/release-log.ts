import { setTimeout as delay } from 'node:timers/promises'
import type { LogKey, LogText } from '../store/logs.js'
import type { Redactor } from './redaction.js'

/** What keeps the chunks: store/logs.ts. */
export interface LogKeeper {
  append(key: LogKey, texts: LogText[]): Promise<void>
  lastOffsets(key: LogKey): Promise<Record<string, number>>
}

const EVERY_MS = 300
const LAST_MS = 5000
const TEXT_CHARACTERS = 65_536
const BUFFER_CHARACTERS = 4 * 1024 * 1024

/**
 * One job's way to the release's log: secrets taken out, also those that lie across two chunks; written in batches.
 * A log store that is down never holds the job up: what does not fit the buffer meanwhile is dropped, with a note.
 */
export class ReleaseLog {
  readonly #keeper: LogKeeper
  readonly #key: LogKey
  readonly #redactor: Redactor
  readonly #streams = new Map<string, { offset: number; text: string }>()
  /** Where an earlier try of this activity had got to; null: not asked yet. */
  #resume: Record<string, number> | null
  #queue: LogText[] = []
  #dropped = 0
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(keeper: LogKeeper, key: LogKey, redactor: Redactor, isFirstTry: boolean) {
    this.#keeper = keeper
    this.#key = key
    this.#redactor = redactor
    this.#resume = isFirstTry ? {} : null
  }

  /** `offset`: bytes before `text` in its stream. */
  write(stream: string, offset: number, text: string): void {
    if (this.#closed) return
    const held = this.#streams.get(stream)
    const whole = held ? { offset: held.offset, text: held.text + text } : { offset, text }
    const decided = this.#redactor.decided(whole.text)
    this.#streams.set(stream, { offset: whole.offset + Buffer.byteLength(whole.text.slice(0, decided)), text: whole.text.slice(decided) })
    if (decided > 0) this.#enqueue({ stream, offset: whole.offset, text: whole.text.slice(0, decided) })
  }

  /** Write what is left. Gives up on a store that does not answer in time: the job must go on. */
  async close(): Promise<void> {
    for (const [stream, { offset, text }] of this.#streams) if (text !== '') this.#enqueue({ stream, offset, text })
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    const until = Date.now() + LAST_MS
    while (this.#queue.length > 0 && Date.now() < until) {
      await Promise.race([this.#flush(), delay(until - Date.now(), undefined, { ref: false })])
      if (this.#queue.length > 0) await delay(EVERY_MS)
    }
  }

  #enqueue(next: LogText): void {
    if (this.#queue.reduce((sum, { text }) => sum + text.length, 0) + next.text.length > BUFFER_CHARACTERS) {
      this.#dropped += next.text.length
      return
    }
    const note = this.#dropped > 0 ? `[${this.#dropped} characters of log dropped: the log store did not answer]\n` : ''
    this.#dropped = 0
    const last = this.#queue.at(-1)
    const follows = note === '' && last?.stream === next.stream && last.offset + Buffer.byteLength(last.text) === next.offset
    if (follows && last.text.length + next.text.length <= TEXT_CHARACTERS) last.text += next.text
    else this.#queue.push({ ...next, text: note + next.text })
    this.#flushIn(EVERY_MS)
  }

  /** Never rejects. One write at a time, so that chunks keep their order. */
  async #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write()).catch(() => { this.#flushIn(4 * EVERY_MS) })
    return this.#writing
  }

  #flushIn(ms: number): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => { this.#timer = null; void this.#flush() }, ms)
  }

  async #write(): Promise<void> {
    const batch = [...this.#queue]
    if (batch.length === 0) return
    this.#queue = []
    try {
      const resume = this.#resume ??= await this.#keeper.lastOffsets(this.#key)
      const texts = batch.flatMap((text) => fromOffset(text, resume[text.stream] ?? 0))
      if (texts.length > 0) await this.#keeper.append(this.#key, texts.map((text) => ({ ...text, text: this.#redactor.text(text.text) })))
    } catch (error) {
      this.#queue = [...batch, ...this.#queue]
      throw error
    }
  }
}

/** What an earlier try has stored before its last chunk is not written again; that chunk is, as it may be longer now. */
function fromOffset({ stream, offset, text }: LogText, resume: number): LogText[] {
  if (offset >= resume) return [{ stream, offset, text }]
  const bytes = Buffer.from(text)
  return offset + bytes.length <= resume ? [] : [{ stream, offset: resume, text: bytes.subarray(resume - offset).toString('utf8') }]
}
