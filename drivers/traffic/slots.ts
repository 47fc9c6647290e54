import type { RouteSplit, Side } from './port.js'
import { sameSide } from './same-split.js'

/** Who is in each of a route's two places in the gateway's configuration; null: nobody we know of. */
export type Slots = readonly [Side | null, Side | null]

/**
 * Which of two places each side gets, for gateways whose places are fixed (servers, clusters). A side that has a place keeps it:
 * then becoming the stable side is a change of words, and no request moves. A new side gets the place that nobody asked for has.
 * @returns the sides by place
 */
export function placed(now: Slots, { stable, candidate }: RouteSplit): Slots {
  const wanted = [stable, candidate].filter((side) => side !== null)
  const kept = (place: 0 | 1): Side | null => wanted.find((side) => sameSide(side, now[place])) ?? null
  const [first, second] = [kept(0), kept(1)]
  if (first !== null && sameSide(first, second)) return [first, wanted.find((side) => side !== first) ?? null]
  const others = wanted.filter((side) => side !== first && side !== second)
  return [first ?? others.shift() ?? null, second ?? others.shift() ?? null]
}
