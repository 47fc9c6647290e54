import { CancellationScope } from '@temporalio/workflow'
import type { CompiledStage } from '../domain/compiled-plan.js'
import type { Ending, ReleaseOutcome } from '../domain/release.js'
import { codeOf, isStopped, mustBeFailure, reasonOf } from './failing.js'
import type { ReleaseRun } from './release-run.js'
import { runStage } from './stage.js'

export interface Cause { ending: Exclude<Ending, 'succeeded' | 'failed'>; reason: string; undo: boolean }

/** Why the story ended early, and what follows from it. */
export function causeOf(run: ReleaseRun, error: unknown): Cause {
  const { stop } = run.controls
  const undo = run.hasActed // before that there is nothing to take back
  if (stop !== null) return { ...stop, undo }
  if (isStopped(error)) return { ending: 'cancelled', reason: 'cancelled in Temporal', undo }
  const reason = reasonOf(error)
  switch (codeOf(error)) {
    case 'APPROVAL_REJECTED': return { ending: 'rejected', reason, undo }
    case 'LOCK_REFUSED': return { ending: 'rejected', reason, undo }
    case 'APPROVAL_EXPIRED': return { ending: 'expired', reason, undo }
    default: return { ending: 'rolled_back', reason, undo: undo && !run.stopsWhereItIs }
  }
}

/** Everything back in reverse, then the plan's own rollback stages. Nobody can cancel it. */
export async function takeBack(run: ReleaseRun, stages: CompiledStage[], { ending, reason, undo }: Cause): Promise<ReleaseOutcome> {
  return CancellationScope.nonCancellable(async () => {
    const problems: ReleaseOutcome['leftOver'] = []
    if (run.fleets.isBusy) await run.fleets.settled()
    if (undo) {
      run.state.startRollingBack(reason)
      await run.undo.runAll()
      for (const stage of run.state.addRollback(stages)) problems.push(...await rollbackStage(run, stage))
    }
    const leftOver = [...run.leftOver(), ...problems]
    if (run.stopsWhereItIs && run.acted && leftOver.length === 0) leftOver.push({ what: 'what its jobs did', error: 'left as it is: onError is stop', manual: 'Look at what the jobs that ran have changed.' })
    return run.end(leftOver.length > 0 ? 'failed' : ending, reason, leftOver)
  })
}

/** One that fails is noted; the others still run. */
async function rollbackStage(run: ReleaseRun, stage: CompiledStage): Promise<ReleaseOutcome['leftOver']> {
  try {
    await runStage(run, stage)
    return []
  } catch (error) {
    mustBeFailure(error)
    return [{ what: `rollback stage ${stage.name}`, error: reasonOf(error), manual: `Do by hand what the rollback stage ${stage.name} of the plan says.` }]
  }
}
