const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_DOWN = '\u001b[0J'
const CLEAR_LINE = '\u001b[0K'
/** Terminals that know it show the frame at once, without flicker; others ignore it. */
const [BEGIN_FRAME, END_FRAME] = ['\u001b[?2026h', '\u001b[?2026l']

/** Draws over what it drew before. Lines must fit the width; what is taller than the terminal loses its top. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  #drawn = 0
  constructor(out: NodeJS.WriteStream) { this.#out = out }

  get width(): number { return Math.max(20, (this.#out.columns || 80) - 1) }
  get height(): number { return Math.max(5, (this.#out.rows || 24) - 1) }

  draw(lines: readonly string[]): void {
    const shown = lines.slice(-this.height)
    this.#write(shown, HIDE_CURSOR)
    this.#drawn = shown.length
  }

  /** The last picture, whole: it stays in the scroll-back. */
  end(lines: readonly string[]): void {
    this.#write(lines, SHOW_CURSOR)
    this.#drawn = 0
  }

  #write(lines: readonly string[], cursor: string): void {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    this.#out.write(`${BEGIN_FRAME}${cursor}\r${up}${lines.map((text) => `${text}${CLEAR_LINE}\n`).join('')}${CLEAR_DOWN}${END_FRAME}`)
  }
}
