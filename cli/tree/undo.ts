import type { ReleaseView } from '../../domain/release.js'
import { glyph, spinner } from './glyphs.js'
import { line, span, type Line } from './line.js'
import type { TreeOptions } from './options.js'

const TAKING_BACK = ['rolling_back', 'rolled_back', 'failed', 'rejected', 'expired', 'cancelled', 'superseded']

/** How far taking back has come, last promised first. Nothing while the release goes forward. */
export function undoLines(view: ReleaseView, { frame }: TreeOptions): Line[] {
  if (view.undo.length === 0 || !TAKING_BACK.includes(view.status)) return []
  const done = view.undo.filter(({ state }) => state === 'undone').length
  const head = view.status === 'rolling_back' ? [span(spinner(frame), 'magenta'), span(' taking back', 'bold')] : [span('↺', 'magenta'), span(' taken back', 'bold')]
  return [
    line([...head, span(`  ${done} of ${view.undo.length}`, 'dim')]),
    ...[...view.undo].reverse().flatMap(({ what, state, error }) => {
      const status = state === 'undone' ? 'succeeded' : state === 'failed' ? 'failed' : 'pending'
      return [line([span('│ ', 'dim'), glyph(status, frame), span(` ${what}`, state === 'promised' ? 'dim' : 'plain'), span(error === null ? '' : `  ${error}`, 'red')])]
    }),
  ]
}
