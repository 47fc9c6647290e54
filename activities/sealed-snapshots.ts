import type { Json } from '../domain/json.js'
import type { SealedSnapshot } from './contract.js'

const IN_HISTORY_CHARACTERS = 256 * 1024

export interface SnapshotDeps {
  /** An agent has no key: it asks the API. */
  key: { seal(text: string): string | Promise<string>; open(sealed: string): string | Promise<string> }
  snapshots: { save(sealed: string): Promise<string>; find(digest: string): Promise<string | null> }
}

/** Snapshots may hold secrets: they leave an activity sealed, and large ones stay in the store. */
export const sealSnapshot = async ({ key, snapshots }: SnapshotDeps, snapshot: Json): Promise<SealedSnapshot> => {
  const sealed = await key.seal(JSON.stringify(snapshot))
  return sealed.length <= IN_HISTORY_CHARACTERS ? { sealed } : { stored: await snapshots.save(sealed) }
}

/** @throws Error when the store has lost it or it was sealed with another key: nothing can be undone then */
export async function openSnapshot({ key, snapshots }: SnapshotDeps, snapshot: SealedSnapshot): Promise<Json> {
  const sealed = 'sealed' in snapshot ? snapshot.sealed : await snapshots.find(snapshot.stored)
  if (sealed === null) throw new Error(`the store has no snapshot ${'stored' in snapshot ? snapshot.stored : ''}`)
  return JSON.parse(await key.open(sealed)) as Json
}
