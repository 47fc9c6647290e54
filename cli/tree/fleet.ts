import type { StageView } from '../../domain/release.js'
import type { FleetView, TargetRunStatus, WaveView } from '../../domain/target-run.js'
import { progressBar } from './bar.js'
import { spent } from './clock.js'
import { glyph } from './glyphs.js'
import { line, padTo, span, type Colour, type Line } from './line.js'
import type { TreeOptions } from './options.js'
import stringWidth from 'string-width'

const BRANCH = span('│ ', 'dim')
const COLOURS: Record<TargetRunStatus, Colour> = {
  pending: 'dim', waiting: 'yellow', running: 'cyan', succeeded: 'green', failed: 'red', skipped: 'dim', stopped: 'yellow', undone: 'magenta', stuck: 'red', uninstalled: 'magenta',
}
const GLYPHS = { pending: 'pending', approving: 'approving', running: 'running', verifying: 'holding', passed: 'passed', failed: 'failed', skipped: 'skipped' } as const

/** The waves of a stage with targets, how far each is, and the targets that need a person. */
export function fleetLines({ fleet }: StageView, options: TreeOptions): Line[] {
  if (!fleet) return []
  const columns = Math.max(...fleet.waves.map(({ name }) => stringWidth(name)), 8)
  return [
    line([BRANCH, span(`${fleet.total} targets`, 'bold'), span('  '), ...countSpans(fleet)]),
    ...fleet.waves.map((wave) => waveLine(wave, columns, options)),
    ...fleet.failing.map(({ target, status, message }) => line([BRANCH, glyph('failed', options.frame), span(` ${target}`), span(status === 'stuck' ? ' left half-way' : '', 'red'), span(message === null ? '' : `  ${message}`, 'dim')])),
    ...more(fleet) > 0 ? [line([BRANCH, span(`  and ${more(fleet)} more: releasectl status <id> --targets --status failed`, 'dim')])] : [],
  ]
}

function waveLine({ name, targets, done, failed, status, startedAt, endedAt }: WaveView, columns: number, { now, frame, width }: TreeOptions): Line {
  const bar = status === 'pending' || status === 'skipped' ? [span(`${targets} targets`, 'dim')]
    : [...progressBar(targets === 0 ? 1 : done / targets, Math.max(8, Math.min(32, width - columns - 40)), failed > 0 ? 'red' : 'green'), span(` ${done} of ${targets}`, 'bold'), span(failed > 0 ? `, ${failed} failed` : '', 'red')]
  const time = spent(startedAt, endedAt, now)
  return line([BRANCH, glyph(GLYPHS[status], frame), span(' '), span(padTo(name, columns), status === 'pending' ? 'dim' : 'plain'), span('  '), ...bar, span(status === 'verifying' ? '  being watched' : status === 'approving' ? '  waits for a yes' : '', 'yellow')], time === null ? [] : [span(time, 'dim')])
}

const countSpans = ({ counts }: FleetView) => Object.entries(counts).flatMap(([status, count], n) => [span(n === 0 ? '' : ', ', 'dim'), span(`${count} ${status}`, COLOURS[status as TargetRunStatus])])
const more = ({ counts, failing }: FleetView): number => (counts.failed ?? 0) + (counts.stuck ?? 0) - failing.length
