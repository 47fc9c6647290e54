import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow'
import type { ReleaseInput, ReleaseOutcome } from '../domain/release.js'
import { answerMessages } from './answer-messages.js'
import { mustBeFailure } from './failing.js'
import { Lock } from './lock.js'
import { ReleaseRun } from './release-run.js'
import { ReleaseState } from './release-state.js'
import { runStage } from './stage.js'
import { causeOf, takeBack } from './take-back.js'
import { UndoLog } from './undo-log.js'
import { waitForWindow } from './window.js'

/**
 * One release, from compiled plan to done or undone.
 * @param input durations in ms, shares in percent; the plan is already checked
 * @returns how it ended: a release that was rolled back has ended, it has not failed
 * @throws UNDO_FAILED when something is left half-way; the message and the view say what, and what a person must do
 */
export async function releaseWorkflow(input: ReleaseInput): Promise<ReleaseOutcome> {
  const { plan, options, release } = input
  const state = ReleaseState.ofPlan(input)
  const run = new ReleaseRun({ state, undo: new UndoLog(state), scope: plan.scope, options: plan.options, doors: options.doors, skipApproval: options.skipApproval })
  const lock = new Lock(run)
  answerMessages(run)
  run.clerk.open()
  state.event('release.started', `${release.project} ${release.version} to ${release.environment}, asked for by ${release.requestedBy}`)
  if (plan.options.timeoutMs !== null) run.controls.stopAfter(plan.options.timeoutMs, () => run.hasActed)

  const outcome = await run.controls.scope.run(async () => {
    await lock.take()
    await waitForWindow(run, plan.window)
    for (const stage of plan.stages) await runStage(run, stage)
    if (run.fleets.isBusy) await run.fleets.settled()
    return run.end('succeeded', null, [])
  }).catch((error: unknown) => {
    mustBeFailure(error) // a bug parks the release; it undoes nothing
    return takeBack(run, plan.rollback, causeOf(run, error))
  })

  return CancellationScope.nonCancellable(async () => {
    await lock.giveBack()
    await run.clerk.close()
    await condition(allHandlersFinished)
    return run.conclude(outcome)
  })
}
