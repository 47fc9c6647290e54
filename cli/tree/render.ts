import { isEnding, type ReleaseView } from '../../domain/release.js'
import { endingLines } from './ending.js'
import { headerLines } from './header.js'
import { blank, layOut, type Line } from './line.js'
import type { TreeOptions } from './options.js'
import { splitLines } from './splits.js'
import { stageLines } from './stages.js'
import { undoLines } from './undo.js'
import { waitingLines } from './waiting.js'

/** A release as a person wants to see it: what runs, how far it is, what it waits for and the command that ends the wait. */
export function renderTree(view: ReleaseView, options: TreeOptions): string[] {
  const whole = sections(view, options, false)
  const lines = options.height !== undefined && whole.length > options.height ? sections(view, options, true) : whole
  return lines.map((one) => layOut(one, options.width, options.colour))
}

function sections(view: ReleaseView, options: TreeOptions, folded: boolean): Line[] {
  return [
    headerLines(view, options),
    view.stages.flatMap((stage) => stageLines(stage, view, options, folded)),
    splitLines(view.splits, options),
    undoLines(view, options),
    isEnding(view.status) ? endingLines(view, options) : waitingLines(view, options),
  ].filter((lines) => lines.length > 0).flatMap((lines, n) => n === 0 ? lines : [blank(), ...lines])
}
