import type { Issue } from './issue.js'

export interface FormatOptions { colour?: boolean }
const MAX_EXCERPT = 160
/** Two columns wide on a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu

/**
 * Issues for a terminal: code and place, the line with what is meant marked below, the message, what to write instead.
 * @param files the bundle's texts by path
 */
export function formatIssues(issues: readonly Issue[], files: Record<string, string>, { colour = false }: FormatOptions = {}): string {
  const paint = colour ? (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m` : (_: number, text: string): string => text
  return issues.map((issue) => {
    const tint = issue.severity === 'error' ? 31 : 33
    return [
      `${paint(tint, `${issue.severity} ${issue.code}`)} ${issue.file}:${issue.line}:${issue.column}${issue.path === '' ? '' : ` ${paint(2, issue.path)}`}`,
      ...excerpt(issue, textOfFile(files, issue.file)).map(([line, mark]) => [line, `${mark.replace(/\^~*$/u, '')}${paint(tint, /\^~*$/u.exec(mark)?.[0] ?? '')}`]).flat(),
      `  ${issue.message}`,
      ...issue.suggestion === undefined ? [] : [`  ${paint(36, issue.suggestion)}`],
    ].join('\n')
  }).join('\n\n')
}

const textOfFile = (files: Record<string, string>, file: string): string | undefined => Object.hasOwn(files, file) ? files[file] : files[`./${file}`]

/** The line and its marks; nothing when the file is not at hand. A long line is cut around what is marked. */
function excerpt({ line, column, length }: Issue, text: string | undefined): [string, string][] {
  const written = text?.split('\n')[line - 1]?.replace(/\r$/u, '')
  if (written === undefined) return []
  const from = column - 1 > MAX_EXCERPT - 40 ? column - 41 : 0
   
  const shown = written.slice(from, from + MAX_EXCERPT).replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu, '?')
  const gutter = `${String(line).padStart(5)} | `
  const before = shown.slice(0, column - 1 - from).replaceAll(WIDE, '  ').replaceAll(/[^\t]/gu, ' ')
  const marks = Math.max(1, Math.min(length, shown.length - (column - 1 - from)))
  return [[`${gutter}${shown}`, `${' '.repeat(gutter.length - 2)}| ${before}^${'~'.repeat(marks - 1)}`]]
}
