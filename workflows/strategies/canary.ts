import type { Canary } from '../../plan/kinds/strategy.js'
import { approvalSpec } from '../kinds/approval-spec.js'
import { holdPhase, phaseView, shiftFirst, shiftTo, type Shift } from './shift.js'

/** Raise the candidate's share phase by phase, judging each hold; a phase at 100 is the watch before the old version goes. */
export async function runCanary(shift: Shift, { phases }: Canary): Promise<void> {
  const { run, stage, view, call, stable } = shift
  view.phases = phases.map(phaseView)
  if (stable === null) return shiftFirst(shift)
  let straightToFull = false
  for (const [n, phase] of phases.entries()) {
    const shown = view.phases[n] ?? phaseView(phase)
    if (straightToFull && phase.percentage < 100) { shown.status = 'skipped'; continue }
    if (phase.approval !== undefined) {
      shown.status = 'approving'
      await run.desk.ask(`${stage.name}/${call.job}/${phase.percentage}%`, approvalSpec(phase.approval), { stage: stage.name, job: call.job })
    }
    const counters = await shiftTo(shift, phase.percentage, phase.mirrorPercent)
    const { promoted } = await holdPhase(shift, phase, shown, counters)
    straightToFull ||= promoted === 'full'
  }
  if (phases.at(-1)?.percentage !== 100) await shiftTo(shift, 100)
}
