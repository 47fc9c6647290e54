import type { CompiledFleet } from './fleet.js'
import type { Json, JsonObject } from './json.js'
import type { ReleaseWindow } from './window.js'

/** A plan with every reference resolved or marked late, every default filled in. The workflow's input: JSON, ≤ 256 KiB. */
export interface CompiledPlan {
  name: string
  version: string | null
  description: string | null
  owner: string | null
  options: PlanOptions
  concurrency: Concurrency
  window: ReleaseWindow | null
  /** What CEL conditions read, cut down to the names they mention. Never a secret. */
  scope: { variables: JsonObject; metadata: JsonObject; env: JsonObject; includes: JsonObject }
  stages: CompiledStage[]
  /** Run after the undos when a release is taken back. */
  rollback: CompiledStage[]
}

export interface PlanOptions {
  autoRollback: boolean
  /** Of the whole release, waiting included; null: no limit. */
  timeoutMs: number | null
  onMetricOutage: 'hold' | 'continue' | 'rollback'
  onInconclusive: 'ask' | 'continue' | 'rollback'
}

export interface Concurrency { key: string; policy: 'queue' | 'reject' | 'supersede' }

export type StagePhase = 'pre_release' | 'release' | 'post_release' | 'rollback'
/** After a failed job: go on with the next stage, stop where it is and leave all as it is, or take everything back. */
export type OnError = 'continue' | 'stop' | 'rollback'

export interface CompiledStage {
  name: string
  description: string | null
  phase: StagePhase
  onError: OnError
  /** true: jobs start as soon as what they depend on is done; false: one after the other, in this order. */
  parallel: boolean
  /** CEL; false skips the stage. */
  condition: string | null
  approval: ApprovalSpec | null
  jobs: CompiledJob[]
  /** Its jobs run once a target. Null, or left out by earlier versions: they run once. */
  fleet?: CompiledFleet | null
}

export interface CompiledJob {
  /** Unique among all stages (rollback stages apart). */
  name: string
  kind: string
  /** Who runs it: `activity` calls `<kind>.execute`; `workflow` is a story of its own in workflows/kinds. */
  runsIn: 'activity' | 'workflow'
  /** Changes something outside. */
  acts: boolean
  /** `<kind>.snapshot` is called before, `<kind>.rollback` when undone. */
  hasSnapshot: boolean
  hasUndo: boolean
  timeoutMs: number
  retry: RetrySpec
  condition: string | null
  dependsOn: string[]
  /** As the kind's schema says, defaults filled in; may hold late values. */
  config: JsonObject
  /** Plain variables by name, for the kinds that hand them on (scripts, templates); may hold late values. */
  variables: JsonObject
  /** Of a plugin's kind: which it was compiled with. */
  plugin?: PluginVersion
}
/** `integrity`: sha512 of its files. */
export interface PluginVersion { name: string; version: string; integrity: string }

/** `attempts` counts the first try. The n-th wait is `intervalMs * backoff ** (n - 1)`, at most `maxIntervalMs`. */
export interface RetrySpec { attempts: number; intervalMs: number; backoff: number; maxIntervalMs: number }

export interface ApprovalSpec {
  approvers: string[]
  groups: string[]
  quorum: number
  expiresMs: number
  /** May the person who started the release approve it? */
  allowAuthor: boolean
  /** Doors whose decisions count; null: the installation's own setting. */
  doors: Door[] | null
}
export type Door = 'api' | 'slack' | 'dingtalk' | 'wecom' | 'email' | 'webhook' | 'temporal'

export type { Json }
