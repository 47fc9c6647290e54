import type { Place, ScalarNode } from './node.js'

/**
 * Where characters `start` to `end` of a text's value stand in the file. Quotes, escapes, folding and indents lie between, so the
 * value is followed through the source character by character; where that fails, the whole value's place.
 */
export function locate(node: ScalarNode, start: number, end: number, files: Map<string, string>): Place {
  const { place } = node
  const text = files.get(place.file)
  if (text === undefined || typeof node.value !== 'string') return place
  const source = text.slice(place.start, place.end)
  const from = follow(source, node.value, start)
  if (from === null) return place
  const to = follow(source, node.value, Math.max(start, end - 1))
  return { ...place, start: place.start + from, end: place.start + (to ?? from) + 1 }
}

const FOLDED = /\s/u

function follow(source: string, value: string, upTo: number): number | null {
  let at = /^[|>]/u.test(source) ? source.indexOf('\n') + 1 : /^["']/u.test(source) ? 1 : 0
  let seen = at
  for (let n = 0; n <= upTo && n < value.length; n++) {
    const wanted = value[n] ?? ''
    while (at < source.length && source[at] !== wanted && !(FOLDED.test(wanted) && FOLDED.test(source[at] ?? ''))) at += 1
    if (at >= source.length) return null
    seen = at
    at += 1
  }
  return value.length > 0 && upTo >= value.length ? at : seen
}
