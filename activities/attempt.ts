import { Context } from '@temporalio/activity'
import type { Json } from '../domain/json.js'

const BEAT_MS = 3000
/** The workflow gives an attempt half a minute more than its job has, so that it is the job that says it timed out. */
const SLACK_MS = 30_000

export interface Attempt {
  /** Aborts only when the release no longer wants the work. */
  signal: AbortSignal
  /** What the plan gives this attempt. */
  timeoutMs: number
  isFirstTry: boolean
  heartbeat(details?: Json): void
  heartbeatDetails: Json
}

/**
 * Run an activity's work with heartbeats from a timer, as its far side may be silent for long. Cancelled by the release,
 * `signal` ends the work. A worker that shuts down, a pause or a lost heartbeat end only the waiting: what was started
 * goes on, and the next try adopts it.
 */
export async function runAttempt<Result>(work: (attempt: Attempt) => Promise<Result>): Promise<Result> {
  const context = Context.current()
  const { info } = context
  const cancel = new AbortController()
  const startToClose = info.startToCloseTimeoutMs
  let details = (info.heartbeatDetails ?? null) as Json
  const beat = (): void => { if (info.heartbeatTimeoutMs) context.heartbeat(details) } // Temporal forbids it where there is no such timeout
  const timer = setInterval(beat, Math.min(BEAT_MS, (info.heartbeatTimeoutMs ?? BEAT_MS) / 3))
  beat()
  const letGo = context.cancelled.catch((reason: unknown): never => {
    if (context.cancellationDetails?.cancelRequested !== true) throw reason
    cancel.abort(reason)
    return new Promise<never>(() => undefined) as never
  })
  try {
    const working = work({
      signal: cancel.signal, heartbeatDetails: details, isFirstTry: info.attempt === 1,
      timeoutMs: startToClose > SLACK_MS ? startToClose - SLACK_MS : startToClose / 2,
      heartbeat: (next) => { details = next ?? null; beat() },
    })
    working.catch(() => undefined) // nobody listens any more once it is let go
    return await Promise.race([working, letGo])
  } finally { clearInterval(timer) }
}
