import { activityInfo, cancellationSignal, cancelled, heartbeat, sleep as activitySleep } from '@temporalio/activity'
import type { Json, JsonObject } from '../../domain/json.js'
import type { JudgeInput, JudgeResult, RolloutActivities } from '../contract.js'
import { withSecrets } from '../late-secrets.js'
import { takeReading, type Reading, type Sources } from './reading.js'
import { nothingSeen, see, type Seen } from './seen.js'
import { verdictOn } from './verdict.js'

export interface JudgeDeps extends Sources {
  resolveSecret: (reference: string, context: { tenant: string; releaseId: string }) => Promise<string>
  /** ms since epoch. */
  clock?: () => number
  sleep?: (ms: number) => Promise<void>
}

const SHORTEST_INTERVAL_MS = 100
const AFTER_SILENCE_MS = 1000
const DEFAULT_BEAT_MS = 3000

export const createJudgeActivities = (deps: JudgeDeps): Pick<RolloutActivities, 'rollout.judge'> => ({
  /**
   * Measure at every interval until the hold ends or the verdict is clear. What it has seen goes out with every heartbeat:
   * an attempt after a crash goes on from there, and the hold still ends when it would have.
   * @throws SECRET_MISSING for a header's secret; sources that do not answer, or not understand, are verdicts
   */
  async 'rollout.judge'(input: JudgeInput): Promise<JudgeResult> {
    const { clock = Date.now } = deps
    const info = activityInfo()
    // Details lost with the last worker must not prolong the hold: then it began when it was scheduled.
    let seen = info.heartbeatDetails as Seen | undefined ?? nothingSeen(info.attempt === 1 ? clock() : info.scheduledTimestampMs, input)
    const headers = await headersOf(input, deps)
    for (;;) {
      const reading = await untilCancelled(takeReading(deps, input.source, headers, input.criteria, cancellationSignal()))
      const atMs = clock()
      seen = see(seen, reading, atMs, input)
      heartbeat(seen)
      const verdict = verdictOn(seen, reading, atMs, input)
      if (verdict) return verdict
      await rest(nextAt(seen, reading, atMs, input), seen, deps)
    }
  },
})

/** The last reading falls on the hold's end. A source that is silent then is asked again soon. */
function nextAt({ startedAtMs }: Seen, { kind }: Reading, atMs: number, { intervalMs, forMs }: JudgeInput): number {
  const next = atMs + Math.max(intervalMs, SHORTEST_INTERVAL_MS)
  const endsAtMs = startedAtMs + forMs
  if (atMs < endsAtMs) return Math.min(next, endsAtMs)
  return kind === 'silent' ? Math.min(next, atMs + AFTER_SILENCE_MS) : next
}

/** Sleep, heartbeating often enough; rejects at once when cancelled. */
async function rest(untilMs: number, seen: Seen, { clock = Date.now, sleep = activitySleep }: JudgeDeps): Promise<void> {
  const { heartbeatTimeoutMs } = activityInfo()
  const beatMs = heartbeatTimeoutMs ? heartbeatTimeoutMs / 3 : DEFAULT_BEAT_MS
  for (let now = clock(); now < untilMs; now = clock()) {
    await untilCancelled(sleep(Math.min(untilMs - now, beatMs)))
    heartbeat(seen)
  }
}

const untilCancelled = <T>(work: Promise<T>): Promise<T> => Promise.race([work, cancelled()])

async function headersOf({ source, call }: JudgeInput, { resolveSecret }: JudgeDeps): Promise<Record<string, string>> {
  if (source.type === 'gateway') return {}
  const filled = await withSecrets(source.headers as JsonObject, (reference) => resolveSecret(reference, call.release)) as Record<string, Json>
  return Object.fromEntries(Object.entries(filled).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}
