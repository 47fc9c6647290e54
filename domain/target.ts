/** What a stage with `targets` acts on. `host`: a machine; `docker`: a container engine; `kubernetes`: a cluster. */
export const TARGET_TYPES = ['host', 'docker', 'kubernetes'] as const
export type TargetType = (typeof TARGET_TYPES)[number]
/** Who carries a job out: this installation's workers (`direct`, by the addresses in its config), or an agent that runs on it. */
export const TARGET_VIAS = ['direct', 'agent'] as const
export type TargetVia = (typeof TARGET_VIAS)[number]

/** One target as a release knows it: small, so that thousands fit a history. How it is reached stays in the store. */
export interface TargetRef {
  id: string
  /** Unique in its environment. */
  name: string
  type: TargetType
  via: TargetVia
  /** Name or address, for scripts; null: it has none. */
  host: string | null
  labels: Record<string, string>
  /** Higher first. */
  priority: number
}

/** Of the agent of one target; ids are unique in an installation. */
export const agentTaskQueue = (targetId: string): string => `target-${targetId}`

/** `unknown`: its agent never spoke, or nobody has tried to reach it. */
export const TARGET_PRESENCES = ['online', 'offline', 'unknown'] as const
export type TargetPresence = (typeof TARGET_PRESENCES)[number]
/** An agent that has not been heard of for this long is away. */
export const AWAY_AFTER_MS = 45_000

/** Is it there? Agents tell by their heartbeat, others are known by the last probe. */
export function presenceOf({ via, lastSeenAt, reachable }: { via: string; lastSeenAt: Date | null; reachable: boolean | null }, nowMs: number): TargetPresence {
  if (via === 'agent') return lastSeenAt === null ? 'unknown' : nowMs - lastSeenAt.getTime() <= AWAY_AFTER_MS ? 'online' : 'offline'
  return reachable === null ? 'unknown' : reachable ? 'online' : 'offline'
}
