import { CancellationScope, sleep } from '@temporalio/workflow'
import { formatDuration } from '../domain/duration.js'
import { failure } from '../domain/failures.js'
import type { Controls } from './controls.js'
import { isStopped, mustBeFailure } from './failing.js'

/** Stop `work` after `ms`; a pause does not count. @throws TIMED_OUT */
export async function within<T>(controls: Controls, ms: number, what: string, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope()
  const timer = new CancellationScope()
  const late = { yes: false }
  void timer.run(async () => {
    for (let leftMs = ms, pausedMs = controls.pausedMs; leftMs > 0; leftMs = controls.pausedMs - pausedMs, pausedMs += leftMs) {
      await sleep(leftMs, { summary: `timeout of ${what}` })
      await controls.pausePoint()
    }
    late.yes = true
    scope.cancel()
  }).catch(mustBeFailure)
  try { return await scope.run(work) } catch (error) {
    mustBeFailure(error)
    if (late.yes && isStopped(error)) throw failure('TIMED_OUT', `${what} took longer than ${formatDuration(ms)}`)
    throw error
  } finally { timer.cancel() }
}
