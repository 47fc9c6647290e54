/** A text taken apart at its references. Offsets count from the start of the text. */
export interface Piece { text: string; reference: boolean; start: number; end: number }
export type Template = { ok: true; pieces: Piece[] } | { ok: false; at: number }

/** `a ${b} $${c}` → text `a `, reference `b`, text ` ${c}`. Not ok: a `${` that is never closed. */
export function parseTemplate(text: string): Template {
  const pieces: Piece[] = []
  let literal = ''
  let literalStart = 0
  const flush = (end: number): void => {
    if (literal !== '') pieces.push({ text: literal, reference: false, start: literalStart, end })
    literal = ''
  }
  for (let at = 0; at < text.length;) {
    const next = text.indexOf('${', at)
    if (next < 0) {
      literal += text.slice(at)
      break
    }
    if (text[next - 1] === '$' && next - 1 >= at) {
      literal += `${text.slice(at, next - 1)}\${`
      at = next + 2
      continue
    }
    const close = text.indexOf('}', next)
    if (close < 0) return { ok: false, at: next }
    literal += text.slice(at, next)
    flush(next)
    pieces.push({ text: text.slice(next + 2, close), reference: true, start: next, end: close + 1 })
    at = close + 1
    literalStart = at
  }
  flush(text.length)
  return { ok: true, pieces }
}

export const hasReference = (text: string): boolean => text.includes('${')
