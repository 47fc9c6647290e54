import type { CompiledJob, CompiledPlan, CompiledStage } from '../../domain/compiled-plan.js'
import type { CompiledFleet, WavePlan } from '../../domain/fleet.js'
import type { JsonObject } from '../../domain/json.js'
import type { ReleaseInput } from '../../domain/release.js'
import { KINDS, type KindName } from '../../plan/kinds/index.js'

/** Compiled plans for workflow tests, written short. */
export function job(name: string, kind: KindName, config: JsonObject = {}, more: Partial<CompiledJob> = {}): CompiledJob {
  const { runsIn, acts, snapshot, undo } = KINDS[kind]
  return {
    name, kind, runsIn, acts, hasSnapshot: snapshot && kind !== 'script', hasUndo: undo, // a script that installs nothing takes none
    timeoutMs: 30 * DAY, condition: null, dependsOn: [], config, variables: {},
    retry: { attempts: 1, intervalMs: 10_000, backoff: 2, maxIntervalMs: 300_000 }, ...more,
  }
}

export const stage = (name: string, jobs: CompiledJob[], more: Partial<CompiledStage> = {}): CompiledStage =>
  ({ name, description: null, phase: 'release', onError: 'rollback', parallel: true, condition: null, approval: null, jobs, ...more })

/** How a stage goes over its targets: by default all of them, one after the other, none may fail. */
export const fleet = (more: Partial<CompiledFleet> = {}): CompiledFleet => ({
  targets: { names: null, labels: {}, type: null }, waves: [wave('all')], batch: { count: 1 }, intervalMs: 0, parallel: 20, maxFailures: { count: 0 }, minSuccessPercent: null,
  offline: 'fail', offlineWaitMs: 15 * 60_000, rollbackFailed: true, autoRollback: true, ...more,
})
export const wave = (name: string, more: Partial<WavePlan> = {}): WavePlan => ({ name, among: null, percent: null, approval: null, verify: null, ...more })

export const planOf = (stages: CompiledStage[], more: Partial<CompiledPlan> = {}): CompiledPlan => ({
  name: 'shop', version: '2.4.0', description: null, owner: null, window: null, rollback: [], stages,
  options: { autoRollback: true, timeoutMs: null, onMetricOutage: 'hold', onInconclusive: 'ask' },
  concurrency: { key: 'shop/production', policy: 'queue' }, scope: { variables: {}, metadata: {}, env: {}, includes: {} }, ...more,
})

export const inputOf = (releaseId: string, plan: CompiledPlan, more: Partial<ReleaseInput['options']> = {}): ReleaseInput => ({
  release: { tenant: 'default', releaseId, project: 'shop', environment: 'production', version: '2.4.0', requestedBy: 'ci', bundle: 'none' },
  plan, options: { skipApproval: false, doors: ['api'], ...more }, acceptedAt: '2026-01-01T00:00:00.000Z',
})

interface PhaseShort { percentage: number; duration?: string; successCriteria?: JsonObject; approval?: JsonObject }
export const canary = (phases: PhaseShort[], route = 'shop'): JsonObject => ({
  service: route, deploy: { type: 'process', command: 'serve', environment: {}, port: 0, health: { path: '/', expectedStatus: 200 } }, route: { gateway: 'edge', name: route },
  strategy: { type: 'canary', phases: phases.map((phase) => ({ minRequests: 20, failureLimit: 1, consecutiveErrorLimit: 4, ...phase })) as unknown as JsonObject[] },
})

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
