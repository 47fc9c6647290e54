import type { Json } from '../../../domain/json.js'
import type { ClusterObject } from '../../clusters/port.js'
import type { RouteSplit, Side } from '../port.js'
import { RECORD, recordOf, recordText, sidesOf } from './record.js'
import type { RouteKind } from './route-kind.js'
import { backendOf } from './service-url.js'

/** What stands in the object for a route; put back by `restore`. */
export interface Original { spec: Record<string, unknown>; record: string | null }
export const originalOf = ({ original }: RouteSplit): Original => original as unknown as Original

/** The split that an object holds. */
export function splitOf(kind: RouteKind, object: ClusterObject): RouteSplit {
  const [spec, home] = [object['spec'] as Record<string, unknown>, object.metadata.namespace ?? '']
  const { shares, match, mirrorPercent } = kind.read(spec, home)
  const original: Original = { spec, record: object.metadata.annotations?.[RECORD] ?? null }
  return { ...sidesOf(shares, recordOf(object), home), sticky: null, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent }, original: JSON.parse(JSON.stringify(original)) as Json }
}

/** The object as it must be for another split. Every side of it can be a backend. */
export function wantedOf(kind: RouteKind, object: ClusterObject, { stable, candidate, percent, match = [], mirrorPercent = 0 }: RouteSplit): Original {
  const home = object.metadata.namespace ?? ''
  const backends = { stable: stable && backendOf(stable, home), candidate: candidate && backendOf(candidate, home) }
  const spec = kind.write(object['spec'] as Record<string, unknown>, home, { ...backends, percent, match, mirrorPercent })
  return { spec, record: recordText({ stable, candidate, left: leaving(splitOf(kind, object), recordOf(object)?.left ?? null, [stable, candidate]) }) }
}

/** Who had a share and has none any more, or the last who left. */
const leaving = ({ stable, candidate }: RouteSplit, left: Side | null, now: (Side | null)[]): Side | null =>
  [stable, candidate, left].find((side) => side && !now.some((one) => one?.id === side.id)) ?? null
