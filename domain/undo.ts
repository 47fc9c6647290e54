import type { Json } from './json.js'

/**
 * One promised compensation, as data, so that it outlives its workflow: a release can be taken back after it succeeded.
 * `traffic` undos run first; within a wave, last promised first undone.
 */
export interface UndoEntry {
  /** `<stage>/<job>/<n>`. */
  id: string
  stage: string
  job: string
  /** What is taken back, for people: `split of edge/shop`. */
  what: string
  wave: 'traffic' | 'rest'
  /** Activity type and its one argument; with `runsIn: 'workflow'`, a child workflow's. */
  activity: string
  input: Json
  runsIn?: 'workflow'
  /** What a person must do when it cannot be undone. */
  manual: string
  state: UndoState
  error: string | null
  /** Of one that stands for many: the parts that could not be taken back, as many as fit. */
  left?: { what: string; error: string; manual: string }[]
}
export type UndoState = 'promised' | 'undone' | 'failed'

/** The order of undoing. */
export function undoOrder(entries: readonly UndoEntry[]): UndoEntry[] {
  const open = entries.filter(({ state }) => state !== 'undone').reverse()
  return [...open.filter(({ wave }) => wave === 'traffic'), ...open.filter(({ wave }) => wave === 'rest')]
}

/** Characters of undos that go in one call or answer: a payload of Temporal's may have 2 MiB. */
const CHUNK_CHARACTERS = 400_000

/** The entries in their order, in parts that fit into a payload each; one that is larger goes alone. */
export function chunksOf(entries: readonly UndoEntry[]): UndoEntry[][] {
  const chunks: UndoEntry[][] = []
  let filled = Infinity
  for (const entry of entries) {
    const size = JSON.stringify(entry).length
    if (filled + size > CHUNK_CHARACTERS) { chunks.push([]); filled = 0 }
    chunks.at(-1)?.push(entry)
    filled += size
  }
  return chunks
}
