import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildSpec } from './child.js'
import type { Command } from './command.js'
import type { Home } from './home.js'
import type { PortName, Ports } from './ports.js'
import { postgresCommand, postgresQuery, postgresUrl, preparePostgres } from './postgres.js'
import { hasPoller, temporalCommand, temporalIsReady } from './temporal.js'
import { temporalBinary } from './tools.js'

/** The parts, in the order they are ended: first who uses, then who is used. */
export const PARTS = ['worker', 'api', 'edge', 'temporal', 'postgres'] as const
export type PartName = typeof PARTS[number]

/** The ports a part listens on. */
export const PORTS_OF: Record<PartName, readonly PortName[]> = {
  postgres: ['POSTGRES_PORT'], temporal: ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT'], edge: ['EDGE_CONTROL_PORT', 'EDGE_PORT'], api: ['API_PORT'], worker: [],
}

/** The files that are run for the parts of our own. */
export const ENTRIES = { worker: '../worker.ts', api: '../api/server.ts', edge: '../edge/server.ts' }
export type Entries = Partial<Record<keyof typeof ENTRIES, string>>

export interface Place { home: Home, ports: Ports, environment: Record<string, string>, entries: Entries }

/** How each part is run, and how it is asked whether it is ready. */
export function partSpec(name: PartName, place: Place): ChildSpec {
  const { home, ports, environment } = place
  const base = { name, logFile: join(home.logs, `${name}.log`) }
  switch (name) {
    case 'postgres': {
      const url = postgresUrl({ port: ports.POSTGRES_PORT, password: home.postgresPassword }, 'postgres')
      return { ...base, stopSignal: 'SIGINT', graceMs: 20_000, // fast shutdown: ends sessions, keeps what was committed
        command: async () => postgresCommand(await preparePostgres(home.postgres, ports.POSTGRES_PORT, home.postgresPassword)),
        isReady: async () => (await postgresQuery(url, 'select 1')).length === 1 }
    }
    case 'temporal':
      return { ...base, stopSignal: 'SIGTERM', graceMs: 15_000,
        command: () => temporalCommand({ binary: temporalBinary(), file: home.temporalFile, port: ports.TEMPORAL_PORT, uiPort: ports.TEMPORAL_UI_PORT }),
        isReady: () => temporalIsReady(need(environment, 'TEMPORAL_ADDRESS'), need(environment, 'TEMPORAL_NAMESPACE')) }
    case 'edge':
      return { ...base, stopSignal: 'SIGTERM', graceMs: 15_000, // more than EDGE_GRACE_MS
        command: () => nodeCommand(name, place),
        isReady: () => answers(`http://127.0.0.1:${ports.EDGE_CONTROL_PORT}/health`, readFileSync(home.edgeTokenFile, 'utf8').trim()) }
    case 'api':
      return { ...base, stopSignal: 'SIGTERM', graceMs: 10_000,
        command: () => nodeCommand(name, place),
        isReady: () => answers(`http://127.0.0.1:${ports.API_PORT}/health`) }
    case 'worker':
      return { ...base, stopSignal: 'SIGTERM', graceMs: 30_000, // activities get their time to reach a safe point
        command: () => nodeCommand(name, place),
        isReady: (pid) => hasPoller(need(environment, 'TEMPORAL_ADDRESS'), need(environment, 'TEMPORAL_NAMESPACE'), need(environment, 'RELEASECTL_TASK_QUEUE'), pid) }
  }
}

function nodeCommand(name: keyof typeof ENTRIES, { entries, environment }: Place): Command {
  const entry = entries[name] ?? fileURLToPath(new URL(ENTRIES[name], import.meta.url))
  return { file: process.execPath, args: ['--import', import.meta.resolve('tsx'), entry], environment }
}

async function answers(url: string, token?: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000), ...(token && { headers: { authorization: `Bearer ${token}` } }) })
  await answer.arrayBuffer()
  return answer.ok
}

function need(environment: Record<string, string>, name: string): string {
  const value = environment[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
