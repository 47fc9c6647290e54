import { isEnding, type ReleaseView } from '../../domain/release.js'
import { lasting, spent, wallClock } from './clock.js'
import { colourOf, glyph, wordOf } from './glyphs.js'
import { line, span, type Line } from './line.js'
import type { TreeOptions } from './options.js'

/** What is released where, in which state and for how long; who started it. */
export function headerLines(view: ReleaseView, { now, frame, timezone }: TreeOptions): Line[] {
  const { project, version, environment, releaseId, requestedBy } = view.release
  const elapsed = spent(view.startedAt ?? view.acceptedAt, view.endedAt, now) ?? lasting(0)
  return [
    line(
      [span(project, 'bold'), span(' '), span(version, 'magenta'), span(' → '), span(environment, 'bold')],
      [glyph(view.status, frame), span(` ${wordOf(view.status)}`, colourOf(view.status)), span(`  ${elapsed}`, 'bold')],
    ),
    line(
      [span(releaseId, 'cyan'), span(` · plan ${view.plan.name} · by ${requestedBy}`, 'dim')],
      [span(isEnding(view.status) && view.endedAt !== null ? `ended ${wallClock(view.endedAt, now, timezone)}` : `since ${wallClock(view.acceptedAt, now, timezone)}`, 'dim')],
    ),
  ]
}
