import type { Json } from '../../domain/json.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import type { UndoCall } from '../contract.js'
import { openSnapshot } from '../sealed-snapshots.js'
import type { RolloutDeps } from './target.js'

/** What was there before: the route, and what it takes to start the stable version again (null: it is not ours). */
export interface RolloutSnapshot { route: RouteSplit | null; stableSpec: Json }

export const asJson = (snapshot: RolloutSnapshot): Json => snapshot as unknown as Json

/** @throws Error when an undo was promised without one: a bug of the workflow */
export async function snapshotOf(deps: RolloutDeps, { call, snapshot }: UndoCall): Promise<RolloutSnapshot> {
  if (snapshot === null) throw new Error(`the undo of ${call.stage}/${call.job} has no snapshot`)
  return await openSnapshot(deps, snapshot) as unknown as RolloutSnapshot
}
