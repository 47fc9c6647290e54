import type { ClusterObject, ObjectType } from '../../clusters/port.js'
import type { GatewayAbilities, Match } from '../port.js'
import type { Backend } from './service-url.js'
import type { Weighted } from './record.js'

/** What of a split a route object holds by itself; who is who stands in its annotation. */
export interface Shares { shares: Weighted[]; match: Match[]; mirrorPercent: number }
export interface Wanted { stable: Backend | null; candidate: Backend | null; percent: number; match: Match[]; mirrorPercent: number }

/** A kind of object by which a gateway in a cluster splits traffic. */
export interface RouteKind {
  type: ObjectType
  can: GatewayAbilities
  /** What the object's rules say. */
  read(spec: Record<string, unknown>, namespace: string): Shares
  /** Its spec with other shares; all else in it stays. @throws Error saying why it cannot be */
  write(spec: Record<string, unknown>, namespace: string, wanted: Wanted): Record<string, unknown>
  /** Whether its controller has taken this very generation; `refused`: it said no, and why. Null: it has not said yet. */
  taken(object: ClusterObject): { refused: string | null } | null
}

/** Weights add up to this: steps of 0.01 %. */
export const WHOLE = 10_000
