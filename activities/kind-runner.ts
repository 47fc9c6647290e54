import type { ConfigOf, ActivityKind } from '../plan/kinds/index.js'
import type { Change } from '../domain/change.js'
import type { TargetRef } from '../domain/target.js'
import type { ClusterAddress, EngineAddress } from '../plan/addresses.js'
import type { ClusterAccess, ClusterPort } from '../drivers/clusters/port.js'
import type { ContainerPort } from '../drivers/containers/port.js'
import type { HostPort } from '../drivers/hosts/port.js'
import type { Json, JsonObject } from '../domain/json.js'
import type { JobCall, JobResult } from './contract.js'

/** What a runner is handed besides its config. Secrets in the config are resolved by then; so is everything late. */
export interface JobContext {
  call: Omit<JobCall, 'config'>
  idempotencyKey: string
  /** The plan's variables, secrets resolved: names to values. */
  variables: JsonObject
  /** Names from RELEASE_ID to RELEASE_TIME that a script finds in its environment (spec 2 §3.5.2). */
  system: Record<string, string>
  /** The machine the job's commands run on: its target, else the worker's own. @throws CONFIG_INVALID when the target is no machine */
  host(): Promise<HostPort>
  /** The container engine the job acts on: the one at `address`, else its target's, else this installation's. @throws CONFIG_INVALID */
  engine(address?: EngineAddress): Promise<ContainerPort>
  /** For `execute`: what `snapshot` told; null: there was none, or it is another part that runs. */
  before(): Promise<Json>
  /** The worker's own machine, whatever the target: for tools that reach it from there. */
  ownHost(): Promise<HostPort>
  /** The cluster the job acts on: what its config names, else its target's, else the installation's. @throws CONFIG_INVALID, SECRET_MISSING */
  cluster(address?: ClusterAddress): Promise<ClusterPort>
  /** The same for tools that go there themselves: how it is reached, its kubeconfig in full. Nothing given: the installation's own. */
  clusterAccess(address?: ClusterAddress): Promise<ClusterAccess>
  /** What it runs for; null: no target. */
  target: TargetRef | null
  /** A file of the release's bundle; null when the bundle has none of that path. */
  bundleFile(path: string): Promise<string | null>
  /** The files of a folder of the bundle by their path in it; for a file itself: `''`. None when the bundle has neither. */
  bundleFolder(path: string): Promise<Record<string, string>>
  /** To the release's log; secrets are redacted on the way. `stream`: stdout, stderr, info, or one of several: `web-1 stdout`. */
  log(stream: string, offset: number, text: string): void
  /** A text without the job's secrets. To be asked before a text is cut: half a secret is found only where `cutOff` says that the beginning is missing. */
  redact(text: string, cutOff?: boolean): string
  heartbeat(details?: Json): void
  /** Of the last attempt that was cut off; null on the first. */
  heartbeatDetails: Json
  signal: AbortSignal
  /** Of this attempt, as the plan says. */
  timeoutMs: number
}

/** A job kind's runner: activities/kinds/<name>.ts. Each part may run twice; it observes, compares, then acts. */
export interface KindRunner<Config> {
  /** What is there before it acts; handed to `rollback`. */
  snapshot?(config: Config, context: JobContext): Promise<Json>
  execute(config: Config, context: JobContext): Promise<JobResult>
  rollback?(config: Config, snapshot: Json, context: JobContext): Promise<void>
  /** What `execute` would change; touches nothing. Left out: it is told that it runs. */
  preview?(config: Config, context: JobContext): Promise<Change[]>
  /** Take off the target what the kind installs. */
  uninstall?(config: Config, context: JobContext): Promise<JobResult>
}
export type KindRunners = { [Name in ActivityKind]: KindRunner<ConfigOf<Name>> }
