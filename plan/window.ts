import type { ReleaseWindow } from '../domain/window.js'
import type { CompileContext } from './context.js'
import type { IssueList } from './issue.js'
import type { Place } from './node.js'
import type { WindowSpec } from './plan-schema.js'
import { nearest } from './suggest.js'

/** The window a plan names or spells out; null: at any time. */
export function windowOf(written: string | WindowSpec | undefined, places: Map<string, Place>, context: CompileContext, issues: IssueList): ReleaseWindow | null {
  const place = places.get('window')
  if (written === undefined || !place) return null
  if (typeof written === 'string') {
    const known = Object.hasOwn(context.windows, written) ? context.windows[written] : undefined
    if (!known) issues.add('UNKNOWN_WINDOW', place, `no release window is named ${written}; there are ${Object.keys(context.windows).join(', ') || 'none'}`, nearest(written, Object.keys(context.windows)))
    return known ?? null
  }
  if (!written.enabled) return null
  for (const [n, { start, end }] of written.allowed.entries()) {
    if (start >= end) issues.add('OUT_OF_RANGE', places.get(`window.allowed.${n}.end`) ?? place, `the window ends at ${end}, not after its start at ${start}`, 'past midnight, write two spans')
  }
  const { timezone, allowed, blackoutDates, emergencyUsers } = written
  return { timezone, allowed, blackoutDates, emergencyUsers }
}
