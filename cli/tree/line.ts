import stringWidth from 'string-width'

export type Colour = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan'
/** A piece of text in one colour. */
export interface Span { text: string; colour: Colour }
/** A line of the screen: what stands left, and what is pushed to the right edge. */
export interface Line { left: Span[]; right: Span[] }

const CODES: Record<Colour, string> = { plain: '', bold: '1', dim: '2', red: '31', green: '32', yellow: '33', blue: '34', magenta: '35', cyan: '36' }
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g

export const span = (text: string, colour: Colour = 'plain'): Span => ({ text, colour })
export const line = (left: Span[], right: Span[] = []): Line => ({ left, right })
export const blank = (): Line => line([])
export const widthOf = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + stringWidth(text), 0)

/** The text in its colour, or as it is. */
export const paint = ({ text, colour }: Span, colours: boolean): string =>
  colours && CODES[colour] !== '' && text !== '' ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text

/** Make a line fit `width` columns: the left part is cut with `…` before the right part is touched. */
export function layOut({ left, right }: Line, width: number, colours: boolean): string {
  const [clean, edge] = [left.map(printable), right.map(printable)]
  const room = width - (edge.length > 0 ? widthOf(edge) + 1 : 0)
  const cut = widthOf(clean) > room ? shorten(clean, room) : clean
  const gap = edge.length > 0 ? ' '.repeat(Math.max(1, width - widthOf(cut) - widthOf(edge))) : ''
  return [...cut, span(gap), ...edge].map((part) => paint(part, colours)).join('').trimEnd()
}

/** A text that must not be cut: as many lines as it needs, each under the first. */
export function wrapped(head: Span[], text: string, width: number): Line[] {
  const indent = widthOf(head)
  const rows = text.split(/\s+/).reduce<string[]>((all, word) => {
    const last = all.at(-1)
    return last !== undefined && indent + stringWidth(`${last} ${word}`) <= width ? [...all.slice(0, -1), `${last} ${word}`] : [...all, word]
  }, [])
  return rows.map((row, n) => line([...(n === 0 ? head : [span(' '.repeat(indent))]), span(row)]))
}

/** Pad on the right to `columns` columns as a terminal counts them. */
export const padTo = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - stringWidth(text)))
/** At most `columns` wide, the end cut with `…`. */
export const cutTo = (text: string, columns: number): string => shorten([span(text)], columns).map((part) => part.text).join('')

/** What a server or a script wrote must not move the cursor. */
const printable = (part: Span): Span => ({ ...part, text: part.text.replace(CONTROL, ' ') })

function shorten(spans: readonly Span[], room: number): Span[] {
  if (widthOf(spans) <= room) return [...spans]
  const kept: Span[] = []
  let used = 0
  for (const part of spans) {
    let text = ''
    for (const character of part.text) {
      const columns = stringWidth(character)
      if (used + columns > room - 1) return room < 1 ? [] : [...kept, { ...part, text: `${text}…` }]
      used += columns
      text += character
    }
    kept.push({ ...part, text })
  }
  return kept
}
