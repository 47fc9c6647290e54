import { CancellationScope, TemporalFailure } from '@temporalio/workflow'

/**
 * Run all; on the first failure stop the rest, wait until each has stopped, then throw that failure.
 * A bug in one of them goes through at once and stops nothing.
 */
export async function inParallel(works: (() => Promise<void>)[]): Promise<void> {
  const scope = new CancellationScope()
  const failures: unknown[] = []
  await scope.run(() => Promise.all(works.map((work) => work().catch((error: unknown) => {
    if (!(error instanceof TemporalFailure)) throw error
    failures.push(error)
    scope.cancel()
  }))))
  if (failures.length > 0) throw failures[0]
}
