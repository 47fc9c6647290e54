import { copyFileSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'

const MAX_BYTES = 10 * 1024 * 1024
const CHECK_MS = 10_000

/**
 * A child's log: the child writes to it itself, so that it goes on when its supervisor dies. Past `maxBytes` it is
 * copied to `<file>.1` and cut to nothing; so a log never takes more than twice that, and a copy may miss the lines of its moment.
 */
export class LogFile {
  readonly path: string
  readonly #maxBytes: number
  readonly #timer: NodeJS.Timeout
  constructor(path: string, maxBytes: number = MAX_BYTES) {
    this.path = path
    this.#maxBytes = maxBytes
    this.#timer = setInterval(() => { this.rotate() }, CHECK_MS).unref()
  }

  /** A descriptor to hand to a child as its output; close it after the spawn. */
  open(): number { return openSync(this.path, 'a', 0o640) }

  rotate(): void {
    if (this.size() < this.#maxBytes) return
    copyFileSync(this.path, `${this.path}.1`)
    truncateSync(this.path)
  }

  /** The last lines, for an error that must explain itself. */
  tail(lines: number): string {
    try { return readFileSync(this.path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') } catch { return '' }
  }

  close(): void { clearInterval(this.#timer) }
  private size(): number { try { return statSync(this.path).size } catch { return 0 } }
}
