import { span, type Colour, type Span } from './line.js'

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** How far a wait has come. `done` 0–1. */
export function progressBar(done: number, columns: number, colour: Colour): Span[] {
  const full = Math.round(Math.min(1, Math.max(0, done)) * columns)
  return [span('━'.repeat(full), colour), span('─'.repeat(columns - full), 'dim')]
}

/** The candidate's share (0–100) in eighths of a column; the rest is the stable side. A share over 0 is never invisible. */
export function splitBar(percent: number, columns: number): Span[] {
  const eighths = Math.round(Math.min(100, Math.max(0, percent)) / 100 * columns * 8)
  const shown = percent > 0 ? Math.max(1, eighths) : 0
  const candidate = '█'.repeat(Math.floor(shown / 8)) + (EIGHTHS[shown % 8] ?? '')
  return [span(candidate, 'magenta'), span('░'.repeat(columns - Math.ceil(shown / 8)), 'blue')]
}
