/** What a stage with `targets` acts on. `host`: a machine; `docker`: a container engine; `kubernetes`: a cluster. */
export const TARGET_TYPES = ['host', 'docker', 'kubernetes'] as const
export type TargetType = (typeof TARGET_TYPES)[number]
/** Who carries a job out: this installation's workers (`direct`, by the addresses in its config), or an agent that runs on it. */
export type TargetVia = 'direct' | 'agent'

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
