import { afterAll, beforeEach, expect, test } from 'vitest'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import type { ReleaseWorld } from '../support/far-side.js'
import { canary, job, planOf, stage } from '../support/plan-builder.js'
import { realWorlds } from '../support/real-world.js'
import { temporalServer } from '../support/servers.js'

const worlds = await realWorlds(await temporalServer())
let world: ReleaseWorld
beforeEach(() => { world = worlds.newWorld() })
afterAll(() => worlds.close())

/** Events in the history of a release of this plan, journal included. */
async function events(plan: CompiledPlan): Promise<number> {
  const handle = await world.start(plan)
  expect((await handle.result()).status).toBe('succeeded')
  return (await handle.fetchHistory()).events?.length ?? 0
}

/** What one more costs: of three more, since the server may put two tasks into one. */
async function each(planWith: (count: number) => CompiledPlan): Promise<number> {
  const few = await events(planWith(2))
  return (await events(planWith(5)) - few) / 3
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n + 1))
const jobs = (count: number, hasSnapshot: boolean) => planOf([stage('ship', times(count, (n) => job(`job-${n}`, 'script', {}, { hasSnapshot })), { parallel: false })])
const phases = (count: number, hold: string) => planOf([stage('ship', [job('rollout', 'rollout', canary(times(count, (n) => ({ percentage: n * 10, duration: hold, successCriteria: { errorRate: '<1%' } }))))])])

test('a job costs at most 8 events of history', async () => {
  expect(await each((count) => jobs(count, false))).toBeLessThanOrEqual(8)
})

test('a job with a snapshot costs at most 15', async () => {
  expect(await each((count) => jobs(count, true))).toBeLessThanOrEqual(15)
  expect(world.trace.filter((line) => line.startsWith('snapshot'))).toHaveLength(7)
})

test('a phase of a canary costs at most 20, however often it is measured', async () => {
  world.judge = async (_, { forMs }) => {
    await new Promise((resolve) => setTimeout(resolve, forMs / 2))
    return { verdict: 'pass', reason: 'all well', measures: { errorRate: 0 }, requests: 1000, checks: 1000 }
  }
  expect(await each((count) => phases(count, '300ms'))).toBeLessThanOrEqual(20)
  expect(await each((count) => phases(count, '0s'))).toBeLessThanOrEqual(20)
})
