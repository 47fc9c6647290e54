import type { SplitView } from '../../domain/release.js'
import { splitBar } from './bar.js'
import { line, span, widthOf, type Line } from './line.js'
import type { TreeOptions } from './options.js'

/** Who gets the traffic: one bar a route, the candidate grows from the left. */
export function splitLines(splits: readonly SplitView[], { width }: TreeOptions): Line[] {
  return splits.filter(({ stable, candidate }) => stable !== null || candidate !== null).map((split) => {
    const head = [span('traffic', 'bold'), span(`  ${split.gateway}/${split.route}  `)]
    const stable = split.stable === null ? [span('nothing before', 'dim')] : [span(`${round(100 - split.percent)} % `), span(split.stable, 'blue')]
    if (split.candidate === null) return line([...head, ...stable])
    const candidate = [span(split.candidate, 'magenta'), span(` ${round(split.percent)} %`)]
    const room = width - widthOf(head) - widthOf(stable) - widthOf(candidate) - 4
    return line([...head, ...candidate, span('  '), ...splitBar(split.percent, Math.max(4, Math.min(40, room))), span('  '), ...stable])
  })
}

const round = (percent: number): number => Number(percent.toFixed(1))
