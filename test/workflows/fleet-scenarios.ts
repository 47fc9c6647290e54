import type { WorkflowHandle } from '@temporalio/client'
import { failure } from '../../domain/failures.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import { abortUpdate, approveUpdate, retryTargetUpdate, rollbackTargetUpdate } from '../../workflows/messages.js'
import { DONE, type ReleaseWorld } from '../support/far-side.js'
import { fleet, job, planOf, stage, wave } from '../support/plan-builder.js'
import type { RealWorlds } from '../support/real-world.js'

/** Runs what its name says; the histories of what it answers are kept. */
export type Scenario = (world: ReleaseWorld, worlds: RealWorlds) => Promise<WorkflowHandle | WorkflowHandle[]>

const anyone = { approvers: [], groups: [], quorum: 1, expiresMs: 60_000, allowAuthor: false, doors: null }
const ship = (given: Partial<CompiledFleet> = {}) => planOf([stage('ship', [job('update', 'script', {}, { hasSnapshot: false })], { fleet: fleet(given) })])
const webs = (world: ReleaseWorld, count: number) => { for (let n = 1; n <= count; n += 1) world.fleet.add(`web-${n}`) }
const refusing = (...names: string[]): ReleaseWorld['script'] => ({ target }) => { if (names.includes(target?.name ?? '')) throw failure('CHECK_FAILED', `${target?.name ?? ''} said no`); return DONE }
/** The release, its first wave, and one target. */
const family = async ({ client }: RealWorlds, release: WorkflowHandle, target: string): Promise<WorkflowHandle[]> => {
  await release.result().catch(() => undefined)
  return [release, client.workflow.getHandle(`${release.workflowId}/ship/wave-1`), client.workflow.getHandle(`${release.workflowId}/ship/${target}`)]
}

export const FLEET_SCENARIOS: Record<string, Scenario> = {
  'fleet-rolling': async (world, worlds) => {
    webs(world, 4)
    return family(worlds, await world.start(ship({ batch: { count: 2 }, intervalMs: 200 })), 'web-1')
  },
  'fleet-fails': async (world, worlds) => {
    webs(world, 3)
    world.script = refusing('web-2')
    const handles = await family(worlds, await world.start(ship()), 'web-2')
    const [{ workflowId } = { workflowId: '' }] = handles
    return [...handles, worlds.client.workflow.getHandle(`${workflowId}/ship/undo`), worlds.client.workflow.getHandle(`${workflowId}/ship/undo/web-1`)]
  },
  'fleet-canary': async (world, worlds) => {
    webs(world, 4)
    const check = { durationMs: 300, healthCheck: { type: 'http', url: 'http://localhost/health' }, analysis: null }
    const release = await world.start(ship({ waves: [wave('canary', { percent: 25, verify: check }), wave('rest', { approval: anyone })], batch: { count: 4 } }))
    await world.until(({ approvals }) => approvals.length > 0)
    await release.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
    return [...await family(worlds, release, 'web-1'), worlds.client.workflow.getHandle(`${release.workflowId}/ship/wave-1/health-before`)]
  },
  'fleet-aborted': async (world, worlds) => {
    webs(world, 3)
    const release = await world.start(ship({ intervalMs: 60_000 }))
    await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
    await release.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
    return family(worlds, release, 'web-1')
  },
  'fleet-single-target': async (world, worlds) => {
    webs(world, 2)
    const release = await world.start(ship({ waves: [wave('canary', { percent: 50 }), wave('rest', { approval: anyone })] }))
    const one = { args: [{ by: 'ann', target: 'web-1' }] as [{ by: string; target: string }] }
    await world.until(({ approvals }) => approvals.length > 0)
    await release.executeUpdate(rollbackTargetUpdate, one)
    await world.until(({ stages }) => stages[0]?.fleet?.counts.undone === 1)
    await release.executeUpdate(retryTargetUpdate, one)
    await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
    await release.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
    return family(worlds, release, 'web-2')
  },
  'fleet-taken-back-after-success': async (world, worlds) => {
    webs(world, 2)
    await (await world.start(ship())).result()
    const back = await world.startTakeBack()
    await back.result()
    return [back, worlds.client.workflow.getHandle(`${back.workflowId}/ship/undo`)]
  },
}
