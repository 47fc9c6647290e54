const MARK = Buffer.from('\nreleasectl-answers\n')
const NOISE_BYTES = 4096
const HEADER_BYTES = 64

/** Hears what remote.sh answers (its first lines tell the form), piece by piece and however it is cut. */
export class FrameReader {
  /** What was said instead of an answer. */
  noise = ''
  #pending: Buffer = Buffer.from('\n')
  #isMarked = false
  #isGarbled = false
  #name = ''
  #left = 0
  readonly #on: (name: string, bytes: Buffer) => void
  /** @param on gets every frame in one or more pieces, an empty one as an empty piece */
  constructor(on: (name: string, bytes: Buffer) => void) { this.#on = on }

  /** False: this is no answer of remote.sh. */
  feed(bytes: Buffer): boolean {
    this.#isGarbled ||= !this.#hear(bytes)
    return !this.#isGarbled
  }

  /** All of it was understood and the last frame is whole. */
  get isWhole(): boolean { return this.#isMarked && !this.#isGarbled && this.#pending.length === 0 && (this.#left === 0 || this.#left === Infinity) }
  get isGarbled(): boolean { return this.#isGarbled }

  #hear(bytes: Buffer): boolean {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes
    this.#pending = Buffer.alloc(0)
    if (!this.#isMarked) {
      const at = rest.indexOf(MARK)
      if (at < 0) {
        this.noise = rest.subarray(0, NOISE_BYTES).toString('utf8').trim()
        this.#pending = rest.subarray(0, 16 * NOISE_BYTES)
        return rest.length <= 16 * NOISE_BYTES
      }
      this.#isMarked = true
      this.noise = ''
      rest = rest.subarray(at + MARK.length)
    }
    while (rest.length > 0) {
      if (this.#left > 0) {
        const piece = rest.subarray(0, this.#left)
        this.#left -= piece.length
        this.#on(this.#name, piece)
        rest = rest.subarray(piece.length)
        continue
      }
      const end = rest.indexOf(10)
      if (end < 0) {
        this.#pending = Buffer.from(rest)
        return rest.length < HEADER_BYTES
      }
      const [, name, length] = /^([\w.]+) +(\d+|\*)$/.exec(rest.toString('latin1', 0, end)) ?? []
      if (name === undefined || length === undefined) return false
      this.#name = name
      this.#left = length === '*' ? Infinity : Number(length)
      if (this.#left === 0 || this.#left === Infinity) this.#on(name, Buffer.alloc(0))
      rest = rest.subarray(end + 1)
    }
    return true
  }
}
