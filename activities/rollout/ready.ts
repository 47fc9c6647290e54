import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import { formatDuration } from '../../domain/duration.js'
import type { Side } from '../../drivers/traffic/port.js'
import { askHttp, probeHttp } from '../probe.js'
import type { Runtime } from './runtime.js'
import type { Target } from './target.js'

const PROBE_MS = 2000
const AGAIN_MS = { first: 50, last: 1000 }
const LOG_BYTES = 2000

/** Wait until a version that was just started is healthy. @throws CHECK_FAILED with its last words when it ends or takes too long */
export async function untilHealthy(runtime: Runtime, side: Side, { health }: Target, signal: AbortSignal): Promise<void> {
  const key = runtime.name(side.id)
  const until = Date.now() + health.timeoutMs
  for (let waitMs = AGAIN_MS.first; ; waitMs = Math.min(waitMs * 2, AGAIN_MS.last)) {
    const wrong = runtime.answers ? await runtime.answers(side) : await probeHttp({ url: new URL(health.path, side.url).href, expectedStatus: health.expectedStatus }, PROBE_MS, signal)
    const state = await runtime.inspect(side.id) // after the probe: another process may answer on the port of one that has ended
    if (!state?.running) throw failure('CHECK_FAILED', `${key} (${side.version}) ended with exit code ${state?.exitCode ?? 'unknown'} before it was healthy${state?.detail === undefined ? '' : ` (${state.detail})`}${await lastWords(runtime, side.id)}`)
    if (wrong === null) return
    if (Date.now() >= until) throw failure('CHECK_FAILED', `${key} (${side.version}) was not healthy after ${formatDuration(health.timeoutMs)}: ${wrong}${state.detail === undefined ? '' : ` (${state.detail})`}${await lastWords(runtime, side.id)}`)
    await delay(waitMs, undefined, { signal })
  }
}

/**
 * May the side carry traffic again? An older version need not know the new one's health path: any answer under 500 will do.
 * @throws TARGET_NOT_READY
 */
export async function mustAnswer(side: Side, { gateway, health, runtime }: Target, signal: AbortSignal): Promise<void> {
  const own = runtime?.answers ? runtime : runtime === null && gateway.answers ? gateway : null
  const why = await own?.answers?.(side)
  if (why === null) return
  if (why !== undefined) throw failure('TARGET_NOT_READY', `${side.version} is not ready: ${why}`)
  const { status } = await askHttp({ url: new URL(health.path, side.url).href }, PROBE_MS, signal)
  if (status === null) throw failure('TARGET_NOT_READY', `${side.version} at ${side.url} does not answer`)
  if (status >= 500) throw failure('TARGET_NOT_READY', `${side.version} at ${side.url} answers with status ${status}`)
}

async function lastWords(runtime: Runtime, id: string): Promise<string> {
  const log = (await runtime.tail(id, LOG_BYTES)).trimEnd()
  return log === '' ? '' : `. Its last words:\n${log}`
}
