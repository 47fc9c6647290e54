import { CancellationScope, condition, sleep } from '@temporalio/workflow'
import type { JudgeInput, JudgeResult } from '../activities/contract.js'
import { formatDuration } from '../domain/duration.js'
import { failure } from '../domain/failures.js'
import type { JudgeVerdict, Waiting } from '../domain/release.js'
import { isStopped, mustBeFailure } from './failing.js'
import { judge } from './proxies.js'
import type { ReleaseRun } from './release-run.js'

export interface Hold {
  stage: string
  job: string
  /** For people: `shop at 10%`. */
  where: string
  forMs: number
  /** What is judged meanwhile; none: it is only a time. */
  judges: Omit<JudgeInput, 'forMs'>[]
  what?: Waiting['what']
  full?: Waiting['full']
}
export interface HoldResult { promoted: 'next' | 'full' | null; verdict: JudgeResult | null }
const OUTAGE_WAIT_MS = 30_000

/**
 * A durable timer and the judges side by side. Ends when both are through, at the first bad verdict, or by a person's word.
 * Pause freezes what remains. @throws CRITERIA_NOT_MET
 */
export async function hold(run: ReleaseRun, request: Hold): Promise<HoldResult> {
  const station = run.controls.station(request.job, ['promote', 'retry'], request.full)
  let remainingMs = request.forMs
  try {
    for (;;) {
      await run.controls.pausePoint()
      const startedAt = Date.now()
      const verdict = await holdOnce(run, request, remainingMs, () => station.promoted !== null)
      if (station.promoted !== null) return { promoted: station.promoted, verdict }
      if (run.controls.isPaused) { remainingMs = Math.max(0, remainingMs - (Date.now() - startedAt)); continue }
      if (verdict !== null) run.state.event('verdict', `${request.where}: ${verdict.verdict}, ${verdict.reason}`, { stage: request.stage, job: request.job, data: { ...verdict } })
      switch (verdict?.verdict) {
        case undefined: case 'pass': return { promoted: null, verdict }
        case 'fail': throw failure('CRITERIA_NOT_MET', verdict.reason)
        case 'inconclusive': case 'outage': {
          const next = await afterUnclear(run, request, verdict, station)
          if (next === 'go on') return { promoted: station.promoted, verdict }
          remainingMs = verdict.verdict === 'outage' ? Math.max(OUTAGE_WAIT_MS, remainingMs - (Date.now() - startedAt)) : request.forMs
        }
      }
    }
  } finally { station.close() }
}

/** Neither yes nor no: what the plan says to do about it, which may be to ask a person. */
async function afterUnclear(run: ReleaseRun, { job, where, full }: Hold, { verdict, reason }: JudgeResult, station: { promoted: unknown; retried: boolean }): Promise<'go on' | 'again'> {
  const policy = verdict === 'outage' ? run.options.onMetricOutage : run.options.onInconclusive
  if (policy === 'continue') return 'go on'
  if (policy === 'rollback') throw failure('CRITERIA_NOT_MET', reason)
  station.retried = false
  const done = run.state.waitFor({ what: verdict === 'outage' ? 'metrics' : 'inconclusive', where: `${where} (${job})`, who: [], commands: ['promote', 'retry', 'rollback', 'abort'], ...full && { full }, detail: reason })
  const moved = (): boolean => station.promoted !== null || station.retried
  try {
    // an outage is measured again by itself; what the metrics could not say, a person must
    await (verdict === 'outage' ? condition(moved, OUTAGE_WAIT_MS, { summary: 'the metrics do not answer' }) : condition(moved))
  } finally { done() }
  return station.promoted === null ? 'again' : 'go on'
}

/** One stretch without a pause. Null: it was cut short, or there was nothing to judge. */
async function holdOnce(run: ReleaseRun, request: Hold, remainingMs: number, promoted: () => boolean): Promise<JudgeResult | null> {
  const results: JudgeResult[] = []
  let failed: unknown = null
  let timeIsUp = remainingMs === 0
  const scope = new CancellationScope()
  const note = (error: unknown): void => { if (!isStopped(error)) failed ??= error }
  const done = run.state.waitFor({ what: request.what ?? 'hold', where: `${request.where} (${request.job})`, forMs: remainingMs, who: [], commands: ['promote', 'pause', 'rollback', 'abort'], ...request.full && { full: request.full }, detail: `holding for ${formatDuration(remainingMs)}` })
  void scope.run(async () => {
    const timer = timeIsUp ? Promise.resolve() : sleep(remainingMs, { summary: `hold: ${request.where}` }).then(() => { timeIsUp = true })
    const judging = request.judges.map(async (input) => { results.push(await judge(remainingMs, `judge: ${request.where}`)({ ...input, forMs: remainingMs })) })
    await Promise.all([timer, ...judging].map((work) => work.catch(note)))
  }).catch(note)
  try {
    await condition(() => failed !== null || promoted() || run.controls.isPaused || results.some(({ verdict }) => verdict !== 'pass')
      || (timeIsUp && results.length === request.judges.length))
  } finally {
    done()
    scope.cancel()
  }
  if (failed !== null) { mustBeFailure(failed); throw failed }
  return worst(results)
}

const SEVERITY: Record<JudgeVerdict, number> = { pass: 0, inconclusive: 1, outage: 2, fail: 3 }
const worst = (results: JudgeResult[]): JudgeResult | null =>
  results.reduce<JudgeResult | null>((all, one) => all === null || SEVERITY[one.verdict] > SEVERITY[all.verdict] ? { ...one, measures: { ...all?.measures, ...one.measures } } : { ...all, measures: { ...all.measures, ...one.measures } }, null)
