import type { OutputChunk } from '../../drivers/hosts/port.js'

const BEGINS = /^\{(?:"|$)/
const WITHHELD = '(the state as JSON is left out here: it holds every value, secret ones too)\n'

/**
 * What terraform and tofu write to stderr, without the state that they print when they can save it nowhere ("the raw state data is
 * printed above as a JSON object", OpenTofu internal/backend/local/backend_apply.go): one line from OpenTofu, lines from `{` to `}` from Terraform.
 */
export class WithholdState {
  readonly #write: (chunk: OutputChunk) => void
  #inside = false
  /** The line so far: it may come in parts. */
  #line = ''
  /** How much of it is written already. */
  #passed = 0
  constructor(write: (chunk: OutputChunk) => void) { this.#write = write }

  take(chunk: OutputChunk): void {
    let out = ''
    const offset = chunk.offset - Buffer.byteLength(this.#line.slice(this.#passed))
    const lines = (this.#line + chunk.text).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      const rest = line.slice(this.#passed)
      const isState = !this.#inside && this.#passed === 0 && BEGINS.test(line)
      if (isState) out += WITHHELD
      else if (!this.#inside) out += `${rest}\n`
      this.#inside = this.#inside ? line !== '}' : isState && line === '{'
      this.#passed = 0
    }
    if (!this.#inside && !(this.#passed === 0 && BEGINS.test(this.#line))) {
      out += this.#line.slice(this.#passed)
      this.#passed = this.#line.length
    }
    if (out !== '') this.#write({ ...chunk, offset, text: out })
  }
}

/** The same for what is kept of a whole stream; of one whose beginning is cut off, what comes after the state. */
export function withoutState(text: string, isCut: boolean): string {
  let out = ''
  const lines = new WithholdState((chunk) => { out += chunk.text })
  lines.take({ stream: 'stderr', offset: 0, text: `${isCut ? text.split(/^}$|^.*"check_results".*}$/m).at(-1) ?? '' : text}\n` })
  return out
}
