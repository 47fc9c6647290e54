import type { Json, JsonObject } from '../../domain/json.js'
import type { Side, TrafficPort } from '../../drivers/traffic/port.js'

/**
 * What runs the versions of one service: processes of a host, containers of an engine, workloads of a cluster.
 * A version's id is the release that brought it. All of it may be called twice. Made for one call, by runtimeOf.
 */
export interface Runtime {
  /** A version, for messages: `shop/r-12`. */
  name(id: string): string
  /** Start the version of this call's release, or adopt it. Does not wait until it is healthy. @throws CONFIG_INVALID, TARGET_REFUSED, TARGET_UNREACHABLE */
  start(signal: AbortSignal): Promise<{ url: string }>
  /** What the job tells of a version that is healthy: its port, pid, image digest. */
  facts(id: string): Promise<JsonObject>
  /** What became of a version; null: there is none, or it is not ours. */
  inspect(id: string): Promise<RuntimeState | null>
  /** Enough to start that version again exactly as it was; may hold secrets. Null: it is not ours. */
  spec(id: string): Promise<Json | null>
  /**
   * What starting this call's version would come to, whether the version that has the traffic is ours, and in what it differs from it
   * (null: there is none). Reads only. @throws TARGET_REFUSED, TARGET_UNREACHABLE as starting it would
   */
  preview(stableId: string | null): Promise<{ after?: string; isOurs: boolean; diff?: string | undefined }>
  /** Start a version again. */
  revive(spec: Json, signal: AbortSignal): Promise<void>
  /** Be able to carry that share of the traffic: scale where the runtime scales, and wait until ready. Left out: one instance carries all. @throws TARGET_NOT_READY */
  capacity?(side: Side, percent: number, signal: AbortSignal): Promise<void>
  /** May the side carry traffic, by the runtime's own word? Null: yes; else why not. Left out: it is asked over HTTP. */
  answers?(side: Side): Promise<string | null>
  /** End a version that gets no traffic any more; what it takes to start it again stays. Gone ones are fine. */
  stop(id: string, graceMs: number): Promise<void>
  /** The last lines it wrote. */
  tail(id: string, bytes: number): Promise<string>
  /** Write what a version writes to the release's log, from its beginning until it is told to stop. Left out: it is read by `tail` only. */
  follow?(id: string, write: (stream: string, offset: number, text: string) => void): Promise<{ stop(): Promise<void> }>
  /** For services without a gateway (`gateway: replicas`): the share of the replicas is the share of the work. */
  replicas?: TrafficPort
}
/** `detail`: why it does not run, in the runtime's own words. */
export interface RuntimeState { running: boolean; exitCode: number | null; detail?: string }
