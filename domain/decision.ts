import type { Door } from './compiled-plan.js'
import { isObject } from './json.js'

/** A person's word on one approval, as it reaches the workflow. */
export interface Decision {
  /** Which approval: `<stage>[/<job>[/<phase>]]`. May be left out when just one is pending. */
  approval?: string
  by: string
  door: Door
  comment?: string
  /** Groups the door vouches for. */
  groups?: string[]
  /** HMAC by the API over all of the above; see domain/decision-proof. Without it, the door is `temporal`. */
  proof?: string
  /** ISO 8601; the proof is good until then. */
  proofUntil?: string
}

/** Temporal hands a workflow whatever its sender wrote. */
export const isDecision = (value: unknown): value is Decision =>
  isCommand(value) && typeof value['door'] === 'string' && isText(value['approval']) && isText(value['comment'])
  && isText(value['proof']) && isText(value['proofUntil']) && (value['groups'] === undefined || (Array.isArray(value['groups']) && value['groups'].every((group) => typeof group === 'string')))

/** What the proof covers. */
export const proofText = (releaseId: string, verdict: 'approve' | 'reject', decision: Decision): string =>
  JSON.stringify([releaseId, verdict, decision.approval ?? '', decision.by, decision.door, decision.comment ?? '', decision.groups ?? [], decision.proofUntil ?? ''])

/** Who asks for a command (pause, promote, abort …) and why. */
export interface Command { by: string; reason?: string }
export interface PromoteCommand extends Command { /** `next`: skip the rest of this hold; `full`: also what `Promotes` says. */ to: 'next' | 'full'; job?: string }
/** What `full` does beyond the hold: everything to the new version, no check of the waves that follow, no wait between the wave's batches. */
export type Promotes = 'traffic' | 'checks' | 'intervals'
export interface JobCommand extends Command { job?: string }
export interface TargetCommand extends Command { target: string; /** Which, when several stages run on it; default: the last that did. */ stage?: string }

export const isCommand = (value: unknown): value is Command & Record<string, unknown> => isObject(value) && typeof value['by'] === 'string' && isText(value['reason'])
const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'
