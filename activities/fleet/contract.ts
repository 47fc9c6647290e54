import type { JobView, ReleaseRef } from '../../domain/release.js'
import type { TargetPresence, TargetRef } from '../../domain/target.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import type { FleetBrief, TargetRunStatus } from '../../domain/target-run.js'
import type { UndoEntry, UndoState } from '../../domain/undo.js'

/** Which stage's targets; which of them. */
export interface FleetKey { release: ReleaseRef; stage: string }
export interface TargetKey extends FleetKey { name: string }

/** Who was chosen when the stage began; the same when it is asked again. */
export interface Selected {
  /** By position: wave after wave, then those that no wave takes. */
  names: string[]
  waves: { name: string; count: number }[]
}
/** Whom a stage would take; of each wave the first, as many as are asked in a dry run. */
export interface Foreseen { waves: { name: string; total: number; targets: { target: TargetRef; presence: TargetPresence }[] }[]; leftOut: number }
export interface Begun {
  target: TargetRef
  presence: TargetPresence
  /** Why it is offline: what was tried, and what came. */
  absence?: string
  brief: FleetBrief
  /** Tries of its jobs so far: the next ones go on counting, so that no key is used again. */
  triesBefore: number
}
export interface EndOfTarget extends TargetKey {
  status: TargetRunStatus
  message: string | null
  jobs: JobView[]
  /** Added to what is kept already, by id. */
  undo: UndoEntry[]
}
export interface KeptUndo { target: TargetRef; status: TargetRunStatus; entries: UndoEntry[]; /** From which entry to ask on; null: that was all. */ next: number | null }

/** What fleets ask and tell the store. Each may run twice. Registered under these names. */
export interface FleetActivities {
  /** @throws CONFIG_INVALID when the environment has no such target, or none at all is chosen */
  'fleet.select'(input: FleetKey & { brief: FleetBrief }): Promise<Selected>
  /** The same for a dry run: nothing is written, nobody is knocked at. @throws CONFIG_INVALID as `fleet.select` */
  'fleet.foresee'(input: FleetKey & { fleet: CompiledFleet }): Promise<Foreseen>
  /** The next targets of a wave that are still to be run. */
  'fleet.page'(input: FleetKey & { wave: number; from: number; limit: number }): Promise<{ name: string; position: number; status: TargetRunStatus }[]>
  /** Those of a wave that succeeded. */
  'fleet.members'(input: FleetKey & { wave: number; from: number; limit: number }): Promise<{ target: TargetRef; position: number }[]>
  /** A target's turn: is it there? Marks it running, or waiting when it is away and `waits` says so. */
  'fleet.begin'(input: TargetKey & { waits: boolean }): Promise<Begun>
  /** Undos that are too large to go with the end. */
  'fleet.keepUndo'(input: TargetKey & { undo: UndoEntry[] }): Promise<void>
  'fleet.end'(input: EndOfTarget): Promise<void>
  /** Targets with something to take back, the last to succeed first; and those whose end nobody wrote. */
  'fleet.open'(input: FleetKey): Promise<{ name: string; status: TargetRunStatus }[]>
  'fleet.undoOf'(input: TargetKey & { from: number }): Promise<KeptUndo>
  'fleet.undone'(input: TargetKey & { status: TargetRunStatus; message: string | null; states: { id: string; state: UndoState; error: string | null }[] }): Promise<void>
}
