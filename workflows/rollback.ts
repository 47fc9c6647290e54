import { CancellationScope } from '@temporalio/workflow'
import type { ReleaseOutcome, RollbackInput } from '../domain/release.js'
import { answerProgress, answerQueries } from './answer-messages.js'
import { mustBeFailure } from './failing.js'
import { Lock } from './lock.js'
import { ReleaseRun } from './release-run.js'
import { ReleaseState } from './release-state.js'
import { causeOf, takeBack } from './take-back.js'
import { UndoLog } from './undo-log.js'

/**
 * Take back a release that has ended: one that succeeded, or what an earlier take-back left over.
 * Starts from the undos the journal kept.
 * @throws UNDO_FAILED when something is left half-way
 */
export async function rollbackWorkflow({ view, undo, rollback, scope, by, reason }: RollbackInput): Promise<ReleaseOutcome> {
  const state = ReleaseState.ofView(view)
  const run = new ReleaseRun({ state, undo: new UndoLog(state, undo), scope, options: { autoRollback: true, timeoutMs: null, onMetricOutage: 'hold', onInconclusive: 'ask' }, doors: [], skipApproval: false })
  const lock = new Lock(run, 'queue') // going back takes its turn: it neither pushes a newer release out nor is refused for one
  answerQueries(state)
  answerProgress(run.fleets)
  run.clerk.open()
  const why = `rolled back by ${by}${reason === null ? '' : `: ${reason}`}`
  state.event('rollback.requested', why)

  const outcome = await run.controls.scope.run(async () => {
    await lock.take()
    return takeBack(run, rollback, { ending: 'rolled_back', reason: why, undo: true })
  }).catch((error: unknown) => {
    mustBeFailure(error)
    return run.end('failed', causeOf(run, error).reason, run.leftOver())
  })

  return CancellationScope.nonCancellable(async () => {
    await lock.giveBack()
    await run.clerk.close()
    return run.conclude(outcome)
  })
}
