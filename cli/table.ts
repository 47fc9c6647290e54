import stringWidth from 'string-width'
import { cutTo, paint, padTo, span, type Colour } from './tree/line.js'

export interface Cell { text: string; colour?: Colour }
export interface Table { head: string[]; rows: (string | Cell)[][]; /** What to say when there are no rows. */ empty: string }

/** Columns as wide as their widest cell, two blanks between; the last one is cut at the right edge. */
export function renderTable({ head, rows, empty }: Table, width: number, colours: boolean): string[] {
  if (rows.length === 0) return [empty]
  const cells = [head.map((text): Cell => ({ text, colour: 'bold' })), ...rows.map((row) => row.map((cell) => typeof cell === 'string' ? { text: cell } : cell))]
  const widths = head.map((_, n) => Math.max(...cells.map((row) => stringWidth(row[n]?.text ?? ''))))
  return cells.map((row) => {
    let room = width
    return row.map(({ text, colour }, n) => {
      const padded = cutTo(n === row.length - 1 ? text : padTo(text, (widths[n] ?? 0) + 2), room)
      room -= stringWidth(padded)
      return paint(span(padded, colour ?? 'plain'), colours)
    }).join('').trimEnd()
  })
}
