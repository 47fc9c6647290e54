import { failure } from '../../domain/failures.js'

/** A quoted part, an escaped character, or plain text. */
const PART = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy

/** A command written as text, split into words as a shell would: quotes and backslashes count, nothing is expanded. @throws CONFIG_INVALID */
export function splitCommand(text: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    const gap = /^\s*/.exec(text.slice(at))?.[0].length ?? 0
    at += gap
    if (at >= text.length) break
    let word = ''
    for (let part = partAt(text, at); part; part = partAt(text, at)) {
      word += part.text
      at += part.length
    }
    if (at < text.length && !/\s/.test(text.charAt(at))) throw failure('CONFIG_INVALID', `command: a quote is not closed in ${text.slice(at)}`)
    words.push(word)
  }
  if (words.length === 0) throw failure('CONFIG_INVALID', 'command: names no program')
  return words
}

function partAt(text: string, at: number): { text: string; length: number } | null {
  PART.lastIndex = at
  const match = PART.exec(text)
  if (!match) return null
  const [whole, single, double, escaped, plain] = match
  return { text: single ?? double?.replace(/\\([\\"$`])/g, '$1') ?? escaped ?? plain ?? '', length: whole.length }
}
