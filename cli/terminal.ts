import type { Output } from './settings.js'
import { renderTable, type Table } from './table.js'
import { paint, span, type Colour } from './tree/line.js'

/** Where words go: answers to stdout, remarks to stderr, so that a pipe gets answers only. */
export class Terminal {
  readonly output: Output
  readonly #toYaml: (value: unknown) => string
  /** @param toYaml the YAML library's own, handed in because it is only loaded when it is asked for */
  constructor(output: Output, toYaml: (value: unknown) => string) {
    this.output = output
    this.#toYaml = toYaml
  }

  get isLive(): boolean { return process.stdout.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined }
  get colours(): boolean { return coloursOn(process.stdout) }
  get width(): number { return process.stdout.isTTY ? process.stdout.columns : 160 }

  /** An answer: as it is with -o json and yaml, as lines for people otherwise. */
  answer(value: unknown, people: () => string[]): void {
    const text = this.output === 'json' ? JSON.stringify(value, null, 2) : this.output === 'yaml' ? this.#toYaml(value).trimEnd() : people().join('\n')
    this.line(text)
  }

  table(value: unknown, table: () => Table): void { this.answer(value, () => renderTable(table(), this.width, this.colours)) }
  line(text: string): void { process.stdout.write(`${text}\n`) }
  remark(text: string): void { process.stderr.write(`${text}\n`) }
  paint(text: string, colour: Colour): string { return paint(span(text, colour), this.colours) }
}

/** https://no-color.org, and FORCE_COLOR as Node knows it. */
export function coloursOn(stream: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false
  const forced = process.env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY && process.env['TERM'] !== 'dumb'
}
