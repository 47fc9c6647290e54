import type { RouteSplit, Side, Sticky } from './port.js'
import type { Slots } from './slots.js'

/** One of a route's two places, as the gateway has it now. */
export interface Place {
  /** The gateway's own. */
  name: string
  /** Where it sends to, in one spelling. */
  at: string
  url: string
  /** Its part of the requests, in any unit; 0: none. */
  share: number
}

/** Which release is behind which place: what the gateway has no words for, and keeps for us. */
export interface PlaceRecord {
  sides: Slots
  /** Where each place sent to then: one that another hand has moved is not that side any more. */
  at: readonly [string, string]
  /** Ids of who was last in each place: a side that has left may still have requests under way. */
  last: readonly [string | null, string | null]
  candidate: 0 | 1 | null
  sticky: Sticky | null
}

/** Who has which place and which share. A place that the record does not know, and that has a share, goes by its own name. */
export function sharesOf(now: readonly [Place, Place], record: PlaceRecord | null): { places: Slots; last: PlaceRecord['last']; split: Pick<RouteSplit, 'stable' | 'candidate' | 'percent'> } {
  const shown = (n: 0 | 1): Side | null => {
    const side = record?.sides[n] ?? null
    if (side && record?.at[n] === now[n].at) return side
    return now[n].share > 0 ? { id: now[n].name, version: 'unknown', url: now[n].url } : null
  }
  const places: Slots = [shown(0), shown(1)]
  const stableAt = record ? record.candidate === 0 || (record.candidate === null && !record.sides[0]) ? 1 : 0 : places[0] ? 0 : 1
  const candidateAt = stableAt === 0 ? 1 : 0
  const [stable, candidate] = [places[stableAt], places[candidateAt]]
  const percent = candidate ? percentOf({ stable: now[stableAt].share, candidate: now[candidateAt].share }) : 0
  const last = ([0, 1] as const).map((n) => places[n]?.id ?? record?.last[n] ?? null) as [string | null, string | null]
  return { places, last, split: { stable, candidate, percent } }
}

/** The candidate's percent, to a hundredth. */
export const percentOf = ({ candidate, stable }: { candidate: number; stable: number }): number =>
  candidate + stable === 0 ? 0 : Math.round(10_000 * candidate / (candidate + stable)) / 100

/** What is to be kept about sides in their places. */
export const recordOf = ({ candidate, sticky }: RouteSplit, sides: Slots, at: PlaceRecord['at'], last: PlaceRecord['last']): PlaceRecord => ({
  sides, at, last: [sides[0]?.id ?? last[0], sides[1]?.id ?? last[1]], candidate: candidate === null ? null : sides[0]?.id === candidate.id ? 0 : 1, sticky,
})
