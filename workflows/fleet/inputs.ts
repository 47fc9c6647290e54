import type { JobCall } from '../../activities/contract.js'
import type { FleetKey, TargetKey } from '../../activities/fleet/contract.js'
import type { TargetChange, TargetRunStatus } from '../../domain/target-run.js'

// What fleet workflows are started with. Small: of a target only its name; the rest is in the store.

/** One wave of a stage. Goes on as a new run where its history grows long. */
export interface WaveInput extends FleetKey {
  wave: number
  name: string
  /** Whose children are named after it. */
  parentId: string
  batch: number
  intervalMs: number
  parallel: number
  /** How many of its targets may fail before it stops. */
  allowed: number
  /** The release is told after so many changes. */
  tellEvery: number
  waits: boolean
  isPaused: boolean
  /** Position of the next target, and how it went so far. */
  next: number
  inBatch: number
  tally: WaveTally
}
export interface WaveTally { succeeded: number; failed: number; skipped: number; stuck: number; stopped: number; told: number }
export interface WaveResult { tally: WaveTally; /** More failed than may. */ isOver: boolean; /** The first few that failed, for people. */ failures: string[]; /** Not told yet. */ changes: TargetChange[] }
/** From a wave to its release. */
export interface WaveProgress { stage: string; /** null: targets are taken back. */ wave: number | null; changes: TargetChange[] }
/** From the release to a wave: one of its failed targets is well now, or the other way round. */
export interface WaveNews { from: TargetRunStatus; to: TargetRunStatus }

export interface TargetInput extends TargetKey { waits: boolean; isPaused: boolean }
export interface TargetResult { status: TargetRunStatus; message: string | null }

export interface TargetUndoInput extends TargetKey { /** Of the workflow that ran it. */ targetId: string; waitMs: number }
export interface Left { what: string; error: string; manual: string }
export interface TargetUndoResult { from: TargetRunStatus; status: TargetRunStatus; left: Left[] }

export interface FleetUndoInput extends FleetKey {
  parentId: string
  waves: number
  parallel: number
  /** How long an agent is waited for. */
  waitMs: number
  /** What is left to do; null: nothing has been done yet. */
  open: { name: string; status: TargetRunStatus }[] | null
  result: FleetUndoResult
}
/** `left`: the first of them; `leftCount`: how many there are. */
export interface FleetUndoResult { undone: number; leftCount: number; left: Left[] }

/** One name for the workflow of one target, whoever starts it: two cannot run at once. */
export const targetWorkflowId = (parentId: string, stage: string, name: string): string => `${parentId}/${stage}/${name}`
export const waveWorkflowId = (parentId: string, stage: string, wave: number): string => `${parentId}/${stage}/wave-${wave + 1}`

/** The health of a wave's targets. */
export interface WaveCheckInput extends FleetKey { wave: number; call: JobCall; parallel: number; next: number; waitMs: number }

// How their parents know them: by type, so that a parent's code does not hang on its child's.
export type RunWave = (input: WaveInput) => Promise<WaveResult>
export type RunTarget = (input: TargetInput) => Promise<TargetResult>
export type UndoTarget = (input: TargetUndoInput) => Promise<TargetUndoResult>
