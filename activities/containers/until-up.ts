import { setTimeout as delay } from 'node:timers/promises'
import { formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { ContainerPort, ContainerState } from '../../drivers/containers/port.js'
import { probeHttp } from '../probe.js'

const PROBE_MS = 2000
const AGAIN_MS = { first: 100, last: 1000 }
const LOG_BYTES = 2000

export interface Up { url: string | null; expectedStatus: number; stableForMs: number; timeoutMs: number }

/**
 * Wait until a container is as it should be: its own health check says so, and it answers at `url`; with neither, it has run
 * for `stableForMs`. @throws CHECK_FAILED with its last words when it ends, is unhealthy or takes too long
 */
export async function untilUp(engine: ContainerPort, name: string, up: Up, signal: AbortSignal): Promise<ContainerState> {
  const until = Date.now() + up.timeoutMs
  let since = Date.now()
  let restarts: number | null = null
  for (let waitMs = AGAIN_MS.first; ; waitMs = Math.min(waitMs * 2, AGAIN_MS.last)) {
    const answer = up.url === null ? null : await probeHttp({ url: up.url, expectedStatus: up.expectedStatus }, PROBE_MS, signal)
    const state = await engine.inspect(name) // after the probe: another process may answer on the port of one that has ended
    const over = whyOver(state)
    if (state === null || over !== null) throw failure('CHECK_FAILED', `container ${name} ${over ?? 'is gone'}${await lastWords(engine, name)}`)
    if (state.restarts !== restarts) { since = Date.now(); restarts = state.restarts }
    const wrong = answer ?? (state.health === 'starting' ? 'its health check is still starting' : state.status !== 'running' ? `it is ${state.status}` : null)
    if (wrong === null && (up.url !== null || state.health !== null || Date.now() - since >= up.stableForMs)) return state
    if (Date.now() >= until) throw failure('CHECK_FAILED', `container ${name} was not healthy after ${formatDuration(up.timeoutMs)}: ${wrong ?? 'it does not stay up'}${await lastWords(engine, name)}`)
    await delay(waitMs, undefined, { signal })
  }
}

/** Null: it is on its way. */
export function whyOver(state: ContainerState | null): string | null {
  if (state === null) return 'is gone'
  const detail = state.detail === null ? '' : ` (${state.detail})`
  if (state.health === 'unhealthy') return `is unhealthy${detail}`
  return state.exitCode === null ? null : `ended with exit code ${state.exitCode}${detail}`
}

async function lastWords(engine: ContainerPort, name: string): Promise<string> {
  const log = (await engine.tail(name, LOG_BYTES)).trimEnd()
  return log === '' ? '' : `. Its last words:\n${log}`
}
