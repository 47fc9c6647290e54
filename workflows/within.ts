import { CancellationScope, sleep } from '@temporalio/workflow'
import { formatDuration } from '../domain/duration.js'
import { failure } from '../domain/failures.js'
import { isStopped, mustBeFailure } from './failing.js'

/** Stop `work` after `ms`. @throws TIMED_OUT */
export async function within<T>(ms: number, what: string, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope()
  const timer = new CancellationScope()
  const late = { yes: false }
  void timer.run(async () => {
    await sleep(ms, { summary: `timeout of ${what}` })
    late.yes = true
    scope.cancel()
  }).catch(mustBeFailure)
  try { return await scope.run(work) } catch (error) {
    mustBeFailure(error)
    if (late.yes && isStopped(error)) throw failure('TIMED_OUT', `${what} took longer than ${formatDuration(ms)}`)
    throw error
  } finally { timer.cancel() }
}
