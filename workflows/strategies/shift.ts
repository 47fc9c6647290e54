import type { JobCall, RouteRef } from '../../activities/contract.js'
import type { CompiledStage } from '../../domain/compiled-plan.js'
import type { JobView, PhaseView } from '../../domain/release.js'
import { holdMsOf } from '../../domain/phases.js'
import type { Match, Side, SideCounters, Sticky } from '../../drivers/traffic/port.js'
import type { Phase } from '../../plan/kinds/strategy.js'
import { mustBeFailure, isStopped, reasonOf } from '../failing.js'
import { hold, type HoldResult } from '../hold.js'
import { criteriaOf, judgesOf } from '../judging.js'
import { rollout } from '../proxies.js'
import type { ReleaseRun } from '../release-run.js'
import { at, now } from '../release-state.js'

/** Moving one route's traffic from the stable side to the candidate. */
export interface Shift {
  run: ReleaseRun
  stage: CompiledStage
  view: JobView
  call: JobCall
  route: RouteRef
  stable: Side | null
  candidate: Side
  sticky: Sticky | null
  match?: Match[] | undefined
  /** As this release left it; not set yet. */
  inForcePercent?: number
}

/** Put `percent` of the requests on the candidate; proven by the gateway's own answer. Returns what it had counted by then. */
export async function shiftTo(shift: Shift, percent: number, mirrorPercent?: number): Promise<SideCounters | null> {
  const { run, stage, call, route, stable, candidate, sticky, match, inForcePercent } = shift
  await run.controls.pausePoint()
  const { split, counters } = await rollout.setSplit({
    call, stable, candidate, percent, sticky, ...match && { match }, ...mirrorPercent !== undefined && { mirrorPercent },
    ...inForcePercent !== undefined && { expectedPercent: inForcePercent },
  })
  shift.inForcePercent = percent
  run.state.setSplit({ ...route, percent: split.percent, stable: split.stable?.version ?? null, candidate: split.candidate?.version ?? null })
  run.state.event('split.set', `${route.gateway}/${route.route}: ${percent}% to ${candidate.version}`, { stage: stage.name, job: call.job, data: { ...route, percent } })
  return counters
}

/** Nothing is out yet: nobody to share with, no traffic to judge, nothing to go back to. */
export async function shiftFirst(shift: Shift): Promise<void> {
  for (const phase of shift.view.phases) phase.status = 'skipped'
  await shiftTo(shift, 100)
}

/** Hold and judge what is in force, keeping the phase's view true. @throws CRITERIA_NOT_MET */
export async function holdPhase(shift: Shift, phase: Omit<Phase, 'approval'>, view: PhaseView, baseline: SideCounters | null): Promise<HoldResult> {
  const { run, stage, call, route } = shift
  const where = `${route.route} at ${phase.percentage}%`
  Object.assign(view, { status: 'holding', startedAt: now(), endsAt: at(view.holdMs) })
  run.state.event('phase.started', where, { stage: stage.name, job: call.job, data: { percent: phase.percentage, holdMs: view.holdMs } })
  try {
    const result = await hold(run, { stage: stage.name, job: call.job, where, forMs: view.holdMs, ...phase.percentage < 100 && { full: 'traffic' }, judges: judgesOf(call, route, where, phase, view.holdMs, baseline) })
    Object.assign(view, { status: 'passed', verdict: result.verdict?.verdict ?? null, reason: result.verdict?.reason ?? null, measures: result.verdict?.measures ?? {} })
    run.state.event('phase.ended', `${where}: ${result.promoted === null ? 'passed' : 'promoted by hand'}`, { stage: stage.name, job: call.job })
    return result
  } catch (error) {
    mustBeFailure(error)
    if (!isStopped(error)) Object.assign(view, { status: 'failed', verdict: 'fail', reason: reasonOf(error) })
    throw error
  }
}

export const phaseView = (phase: Omit<Phase, 'approval'>): PhaseView =>
  ({ percent: phase.percentage, criteria: criteriaOf(phase), status: 'pending', holdMs: holdMsOf(phase), startedAt: null, endsAt: null, verdict: null, reason: null, measures: {} })
