import type { ContainerStats } from './port.js'

/** The part of `GET /containers/{id}/stats` (Docker Engine API v1.41) that is read here. */
export interface RawStats {
  cpu_stats: { cpu_usage: { total_usage: number } }
  memory_stats: { usage?: number; limit?: number; stats?: { inactive_file?: number; total_inactive_file?: number } }
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>
  pids_stats: { current?: number }
}

/** Memory as `docker stats` reckons it: without the page cache. One measurement: the engine takes a second for a second one. Null: nothing is measured, it does not run. */
export function statsOf({ cpu_stats: cpu, memory_stats: memory, networks = {}, pids_stats: pids }: RawStats): ContainerStats | null {
  if (memory.usage === undefined) return null
  const sum = (pick: (network: { rx_bytes: number; tx_bytes: number }) => number): number => Object.values(networks).reduce((total, network) => total + pick(network), 0)
  return {
    cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
    memoryBytes: Math.max(0, memory.usage - (memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0)),
    memoryLimitBytes: memory.limit ?? 0, receivedBytes: sum(({ rx_bytes }) => rx_bytes), sentBytes: sum(({ tx_bytes }) => tx_bytes), processes: pids.current ?? 0,
  }
}
