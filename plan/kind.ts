import type { Static, TObject } from 'typebox'
import type { JsonObject } from '../domain/json.js'

/**
 * A job kind as plans see it: plan/kinds/<name>.ts. Its runner is activities/kinds/<name>.ts (or workflows/kinds/<name>.ts),
 * typed by this schema, so that a schema without a runner does not compile.
 */
export interface Kind<Schema extends TObject = TObject> {
  name: string
  aliases: readonly string[]
  /** What a config leaves out, under that alias. */
  aliasDefaults?: Readonly<Record<string, JsonObject>>
  description: string
  version: string
  schema: Schema
  runsIn: 'activity' | 'workflow'
  /** Does it change anything outside? Once a job that does has started, a failure runs the plan's rollback stages. */
  acts: boolean
  /** The runner has `snapshot`, called before it acts. */
  snapshot: boolean
  /** With this config, is there anything to look at before? Left out: always. */
  needsSnapshot?(config: Static<Schema>): boolean
  /** The runner has `rollback`. */
  undo: boolean
  /** With this config, is there anything to take back? Left out: always. */
  needsUndo?(config: Static<Schema>): boolean
  /** Of one attempt, where the plan says none. */
  defaultTimeout: string
  /** The same, where the config decides it. */
  timeoutFor?(config: Static<Schema>): string
  /** What of a target it acts on, in a stage with targets. Left out: nothing of it, or its config says. */
  actsOn?: 'machine' | 'engine' | 'cluster'
  /** Does the runner hand the plan's variables on? */
  variables: boolean
  /** Rules a schema cannot say. Paths are relative to the config: `strategy.phases.1.percentage`. */
  check?(config: Static<Schema>): { path: string; message: string }[]
  /** How long it takes, in ms, for `explain`. Left out: from nothing to its timeout. */
  time?(config: Static<Schema>): { shortestMs: number; longestMs: number }
  /** One line each of what it will do and what would be undone, for `explain`; null: nothing that the kind's description does not say. */
  explain?(config: Static<Schema>): { does: string[]; undoes: string[] } | null
  /** A plugin's: its files, as sha512. What a release is accepted with is what runs. */
  integrity?: string
}

export type KindDefaults = 'aliases' | 'version' | 'acts' | 'snapshot' | 'undo' | 'variables' | 'defaultTimeout'
export function defineKind<const Name extends string, Schema extends TObject, RunsIn extends 'activity' | 'workflow'>(
  kind: Omit<Kind<Schema>, KindDefaults | 'name' | 'runsIn'> & Partial<Pick<Kind<Schema>, KindDefaults>> & { name: Name; runsIn: RunsIn },
): Kind<Schema> & { name: Name; runsIn: RunsIn } {
  return { aliases: [], version: '1.0.0', acts: true, snapshot: false, undo: false, variables: false, defaultTimeout: '10m', ...kind }
}
