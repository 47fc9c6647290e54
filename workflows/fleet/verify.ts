import { executeChild, workflowInfo } from '@temporalio/workflow'
import type { FleetKey } from '../../activities/fleet/contract.js'
import type { JobCall, JudgeInput } from '../../activities/contract.js'
import type { WaveCheck } from '../../domain/fleet.js'
import { hold } from '../hold.js'
import type { ReleaseRun } from '../release-run.js'
import type { FleetStage } from './fleets.js'
import type { WaveCheckInput } from './inputs.js'
import { waveWorkflowId } from './inputs.js'

/**
 * What a wave must stand, judged as one: each target's health now and after the time, the metrics meanwhile.
 * @returns how a person cut it short, if one did. @throws CHECK_FAILED, CRITERIA_NOT_MET
 */
export async function verifyWave(run: ReleaseRun, stage: FleetStage, key: FleetKey, n: number, { durationMs, healthCheck, analysis }: WaveCheck): Promise<'next' | 'full' | null> {
  const parentId = workflowInfo().workflowId
  const name = stage.fleet.waves[n]?.name ?? ''
  const where = `${stage.name} ${name}`
  const { release, acceptedAt } = run.state.view
  const call: JobCall = { release, acceptedAt, stage: stage.name, job: name, kind: 'validation', attempt: 1, target: null, idempotencyKey: `${release.releaseId}/${stage.name}/${name}/check`, config: healthCheck ?? {}, variables: {} }
  const askHealth = async (when: string): Promise<void> => {
    if (healthCheck === null) return
    await executeChild<(input: WaveCheckInput) => Promise<void>>('waveCheckWorkflow', {
      workflowId: `${waveWorkflowId(parentId, key.stage, n)}/health-${when}`, parentClosePolicy: 'REQUEST_CANCEL', staticSummary: `health of ${where}`.slice(0, 100),
      args: [{ ...key, wave: n, call: { ...call, idempotencyKey: `${call.idempotencyKey}/${when}/${Date.now()}` }, parallel: stage.fleet.parallel, next: 0, waitMs: stage.fleet.offlineWaitMs }],
    })
  }
  await askHealth('before')
  if (durationMs === 0 && analysis === null) return null
  const judges: Omit<JudgeInput, 'forMs'>[] = analysis === null ? [] : [{
    call: { ...call, kind: 'analysis', config: {} }, what: where, criteria: analysis.criteria, minRequests: 0, windowMs: 60_000, baseline: null, failureLimit: analysis.failureLimit, errorLimit: analysis.errorLimit,
    intervalMs: analysis.intervalMs ?? Math.min(Math.max(durationMs / 20, 500), 15_000),
    source: analysis.source === 'json' ? { type: 'json', url: analysis.address ?? '', headers: analysis.headers } : { type: 'prometheus', address: analysis.address, headers: analysis.headers },
  }]
  const moreChecks = stage.fleet.waves.slice(n + 1).some(({ verify }) => verify !== null)
  const { promoted } = await hold(run, { stage: stage.name, job: stage.name, where, forMs: durationMs, ...moreChecks && { full: 'checks' }, judges })
  if (promoted === null) await askHealth('after')
  return promoted
}
