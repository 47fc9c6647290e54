import type { ContainerStats } from './port.js'

interface Cpu { cpu_usage: { total_usage: number }; system_cpu_usage?: number; online_cpus?: number }
/** The part of `GET /containers/{id}/stats` (Docker Engine API v1.41) that is read here. */
export interface RawStats {
  cpu_stats: Cpu
  precpu_stats: Cpu
  memory_stats: { usage?: number; limit?: number; stats?: { inactive_file?: number; total_inactive_file?: number } }
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>
  pids_stats: { current?: number }
}

/** As `docker stats` reckons: memory without the page cache, processor time since the measurement before. Null: nothing is measured, it does not run. */
export function statsOf({ cpu_stats: now, precpu_stats: before, memory_stats: memory, networks = {}, pids_stats: pids }: RawStats): ContainerStats | null {
  if (memory.usage === undefined) return null
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0)
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage
  const sum = (pick: (network: { rx_bytes: number; tx_bytes: number }) => number): number => Object.values(networks).reduce((total, network) => total + pick(network), 0)
  return {
    cpus: passed > 0 ? used / passed * (now.online_cpus ?? 1) : 0,
    memoryBytes: Math.max(0, memory.usage - (memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0)),
    memoryLimitBytes: memory.limit ?? 0, receivedBytes: sum(({ rx_bytes }) => rx_bytes), sentBytes: sum(({ tx_bytes }) => tx_bytes), processes: pids.current ?? 0,
  }
}
