import { formatMeasure, formatThreshold, meets } from '../../domain/criteria.js'
import type { JobView, PhaseView } from '../../domain/release.js'
import { formatDuration } from '../../domain/duration.js'
import { progressBar } from './bar.js'
import { lasting } from './clock.js'
import { glyph } from './glyphs.js'
import { line, span, type Colour, type Line, type Span } from './line.js'
import type { TreeOptions } from './options.js'

const VERDICT_COLOURS = { pass: 'green', fail: 'red', inconclusive: 'yellow', outage: 'yellow' } as const

/** A rollout's phases: the share, how far the hold is, what was measured against what is wanted. */
export function phaseLines(job: JobView, options: TreeOptions, indent: Span[]): Line[] {
  return job.phases.flatMap((phase) => {
    const head = [...indent, glyph(phase.status, options.frame), span(` ${String(phase.percent).padStart(3)} %  `, phase.status === 'pending' ? 'dim' : 'plain')]
    const under = [...indent, span('         ')]
    switch (phase.status) {
      case 'holding': return [line([...head, ...holdSpans(phase, options)]), ...judged(phase, under)]
      case 'pending': case 'skipped': return [line([...head, span(phase.holdMs > 0 ? formatDuration(phase.holdMs) : '', 'dim'), ...(phase.status === 'skipped' ? [span('  skipped', 'dim')] : [])])]
      case 'approving': return [line([...head, span('waits for a yes', 'yellow')])]
      case 'passed': return [line([...head, span(heldFor(phase), 'dim'), ...after(phase)])]
      case 'failed': return [line([...head, span(phase.reason === null || phase.reason === job.message ? 'did not pass' : phase.reason, 'red'), ...after(phase)])]
    }
  })
}

function holdSpans(phase: PhaseView, { now, width }: TreeOptions): Span[] {
  if (phase.startedAt === null || phase.endsAt === null) return [span(`${formatDuration(phase.holdMs)}, the clock stands still`, 'yellow')]
  const left = Math.max(0, Date.parse(phase.endsAt) - now)
  const done = phase.holdMs > 0 ? 1 - left / phase.holdMs : 1
  return [...progressBar(done, Math.max(8, Math.min(32, width - 48)), 'cyan'), span(left > 0 ? ` ${lasting(left)} left` : ' due', 'bold'), span(` of ${formatDuration(phase.holdMs)}`, 'dim')]
}


const heldFor = ({ holdMs }: PhaseView): string => holdMs > 0 ? `hold ${formatDuration(holdMs)}` : 'no hold'
const after = (phase: PhaseView): Span[] => measureSpans(phase).length > 0 ? [span('   '), ...measureSpans(phase)] : []

/** The measures of a hold under its bar, and why the last look said what it said. */
function judged(phase: PhaseView, indent: Span[]): Line[] {
  const measures = measureSpans(phase)
  return [
    ...(measures.length > 0 ? [line([...indent, ...measures])] : []),
    ...(phase.verdict !== null && phase.verdict !== 'pass' && phase.status === 'holding'
      ? [line([...indent, span(phase.verdict, VERDICT_COLOURS[phase.verdict]), span(phase.reason === null ? '' : `: ${phase.reason}`, 'dim')])] : []),
  ]
}

/** `errorRate 0.4% <1% ✔`: each criterion with what was measured, then measures nobody judges. */
function measureSpans(phase: PhaseView): Span[] {
  const judgedNames = new Set(phase.criteria.map(({ name }) => name))
  const judgedSpans = phase.criteria.map(({ name, threshold }): Span[] => {
    const measure = phase.measures[name] ?? null
    if (measure === null) return [span(`${name} ${formatThreshold(threshold)}`, 'dim')]
    const [colour, mark]: [Colour, string] = meets(threshold, measure) ? ['green', '✔'] : ['red', '✘']
    return [span(`${name} `, 'dim'), span(formatMeasure(threshold, measure), colour), span(` ${formatThreshold(threshold)}`, 'dim'), span(` ${mark}`, colour)]
  })
  const others = Object.entries(phase.measures).filter(([name, measure]) => !judgedNames.has(name) && measure !== null)
    .map(([name, measure]): Span[] => [span(`${name} ${Number((measure ?? 0).toPrecision(4))}`, 'dim')])
  return [...judgedSpans, ...others].flatMap((spans, n) => n === 0 ? spans : [span('   '), ...spans])
}
