import { continueAsNew, executeChild, getExternalWorkflowHandle, sleep, workflowInfo } from '@temporalio/workflow'
import type { TargetChange } from '../../domain/target-run.js'
import { mustBeFailure, reasonOf } from '../failing.js'
import { fleetStore, isWorkflowOpen } from '../proxies.js'
import { targetWorkflowId, waveWorkflowId, type FleetUndoInput, type FleetUndoResult } from './inputs.js'
import { waveProgressSignal } from './messages.js'
import type { targetUndoWorkflow } from './target-undo.js'

/** Left-overs that are told one by one; all of them are in the store. */
const MOST_TOLD = 50
const STOPS_WITHIN_MS = 3_600_000

/**
 * Takes back all targets of a stage that have something to take back, the last to succeed first, several at a time.
 * One that fails is noted and the others go on. Run again, it takes what is left.
 */
export async function fleetUndoWorkflow(input: FleetUndoInput): Promise<FleetUndoResult> {
  const { release, stage, parentId, waves, parallel, waitMs, result } = input
  if (input.open === null) for (let n = 0; n < waves; n += 1) await untilClosed(waveWorkflowId(parentId, stage, n))
  const open = input.open ?? await fleetStore['fleet.open']({ release, stage })
  while (open.length > 0) {
    const changes = await Promise.all(open.splice(0, parallel).map(async ({ name, status: from }): Promise<TargetChange> => {
      const targetId = targetWorkflowId(parentId, stage, name)
      try {
        const { status, left } = await executeChild<typeof targetUndoWorkflow>('targetUndoWorkflow', {
          workflowId: `${workflowInfo().workflowId}/${name}`, args: [{ release, stage, name, targetId, waitMs }], parentClosePolicy: 'ABANDON', staticSummary: `take back ${name}`.slice(0, 100),
        })
        if (left.length === 0) result.undone += 1
        else result.leftCount += 1
        result.left.push(...left)
        return { name, from, to: status, message: left[0]?.error ?? null }
      } catch (error) {
        mustBeFailure(error)
        result.leftCount += 1
        result.left.push({ what: name, error: reasonOf(error), manual: `Take back by hand what was done on ${name}.` })
        return { name, from, to: 'stuck', message: reasonOf(error) }
      }
    }))
    result.left = result.left.slice(0, MOST_TOLD)
    await tell(stage, changes)
    if (workflowInfo().continueAsNewSuggested && open.length > 0) await continueAsNew<typeof fleetUndoWorkflow>({ ...input, open, result })
  }
  return result
}

/** A wave whose release was ended by hand is told to stop; its targets write down what they did. */
async function untilClosed(workflowId: string): Promise<void> {
  for (let waitedMs = 0, stepMs = 1000; waitedMs < STOPS_WITHIN_MS; stepMs = Math.min(2 * stepMs, 60_000)) {
    if (!await isWorkflowOpen({ workflowId })) return
    await sleep(stepMs, { summary: 'its targets still stop' })
    waitedMs += stepMs
  }
}

async function tell(stage: string, changes: TargetChange[]): Promise<void> {
  const parent = workflowInfo().parent
  if (!parent) return
  try { await getExternalWorkflowHandle(parent.workflowId).signal(waveProgressSignal, { stage, wave: null, changes }) } catch (error) { mustBeFailure(error) }
}
