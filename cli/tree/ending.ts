import type { Ending, ReleaseView } from '../../domain/release.js'
import { spent } from './clock.js'
import { colourOf, glyph, wordOf } from './glyphs.js'
import { line, span, wrapped, type Line } from './line.js'
import type { TreeOptions } from './options.js'

/** How it ended and why; what is left over and what a person must do about it. */
export function endingLines(view: ReleaseView, { width }: TreeOptions): Line[] {
  const status = view.status as Ending
  const took = spent(view.startedAt ?? view.acceptedAt, view.endedAt, Date.parse(view.acceptedAt)) ?? ''
  const leftOver = view.undo.filter(({ state }) => state === 'failed')
  return [
    line([glyph(status, 0), span(' '), span(`${wordOf(status)} after ${took}`, colourOf(status)), span(`: ${STORIES[status](view)}`)]),
    ...(view.reason === null ? [] : wrapped([span('  because  ', 'dim')], view.reason, width)),
    ...leftOver.flatMap(({ what, error, manual }) => [
      ...wrapped([span('  left over  ', 'red')], error === null ? what : `${what}: ${error}`, width),
      ...wrapped([span('  to do      ', 'yellow')], manual, width),
    ]),
    ...nextLines(view, leftOver.length > 0),
  ]
}

const STORIES: Record<Ending, (view: ReleaseView) => string> = {
  succeeded: ({ release }) => `${release.environment} runs ${release.project} ${release.version}`,
  rolled_back: ({ release }) => `${release.environment} is as it was before ${release.version}`,
  rejected: () => 'somebody said no',
  expired: () => 'nobody said yes in time',
  cancelled: () => 'somebody stopped it',
  superseded: () => 'a newer release took its place',
  failed: () => 'something is left half-way',
}

function nextLines({ status, release }: ReleaseView, leftOver: boolean): Line[] {
  if (status === 'succeeded') return [hint('take it back', `releasectl rollback ${release.releaseId}`)]
  if (leftOver) return [hint('then try again', `releasectl retry ${release.releaseId}`)]
  return [hint('what happened', `releasectl logs ${release.releaseId}`)]
}
const hint = (what: string, command: string): Line => line([span(`  ${what}  `, 'dim'), span(command, 'cyan')])
