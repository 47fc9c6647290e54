import { durationMs } from '../../domain/duration.js'
import type { BlueGreen } from '../../plan/kinds/strategy.js'
import { hold } from '../hold.js'
import { approvalSpec } from '../kinds/approval-spec.js'
import { holdPhase, phaseView, shiftFirst, shiftTo, type Shift } from './shift.js'

/** Everything at once after a yes; watched; the old version kept alive for a while, so that going back is one switch. */
export async function runBlueGreen(shift: Shift, strategy: BlueGreen): Promise<void> {
  const { run, stage, view, call, route, stable } = shift
  const { approval, watch, keepOld, ...judging } = strategy
  const phase = { percentage: 100, ...(watch !== undefined && { duration: watch }), ...judging }
  const shown = phaseView(phase)
  view.phases = [shown]
  if (approval !== undefined) {
    shown.status = 'approving'
    await run.desk.ask(`${stage.name}/${call.job}/switch`, approvalSpec(approval), { stage: stage.name, job: call.job })
  }
  if (stable === null) return shiftFirst(shift)
  const counters = await shiftTo(shift, 100)
  await holdPhase(shift, phase, shown, counters)
  if (keepOld !== undefined) await hold(run, { stage: stage.name, job: call.job, where: `old version of ${route.route} kept`, forMs: durationMs(keepOld), judges: [] })
}
