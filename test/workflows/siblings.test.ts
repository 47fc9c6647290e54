import { afterAll, beforeEach, expect, test } from 'vitest'
import { failure } from '../../domain/failures.js'
import { abortUpdate } from '../../workflows/messages.js'
import { DONE, untilStopped, type ReleaseWorld } from '../support/far-side.js'
import { canary, job, planOf, stage } from '../support/plan-builder.js'
import { realWorlds } from '../support/real-world.js'
import { temporalServer } from '../support/servers.js'

const worlds = await realWorlds(await temporalServer())
let world: ReleaseWorld
beforeEach(() => { world = worlds.newWorld() })
afterAll(() => worlds.close())

const script = (name: string) => job(name, 'script')
const statuses = () => Object.fromEntries(world.view?.stages[0]?.jobs.map(({ name, status }) => [name, status]) ?? [])

test('a job that fails stops its siblings, and nothing is undone before they have stopped', async () => {
  world.script = async ({ job: name }) => {
    if (name === 'broken') {
      await world.until(() => world.trace.includes('run slow'))
      throw failure('CHECK_FAILED', 'broken said no')
    }
    try { return await untilStopped() } finally {
      await new Promise((resolve) => setTimeout(resolve, 500)) // it takes its time to stop
      world.trace.push('stopped slow')
    }
  }
  const outcome = await world.run(planOf([stage('ship', [script('slow'), script('broken')])]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: 'broken said no', leftOver: [] })
  expect(world.trace.slice(2)).toEqual(['stopped slow', 'undo script.rollback broken', 'undo script.rollback slow'])
  expect(statuses()).toEqual({ slow: 'stopped', broken: 'failed' })
})

test('a judge is stopped with its release, without being waited for', async () => {
  let asked = false
  world.judge = async () => { asked = true; return untilStopped() }
  const handle = await world.start(planOf([stage('ship', [job('rollout', 'rollout', canary([{ percentage: 10, duration: '1h', successCriteria: { errorRate: '<1%' } }]))])]))
  await world.until(() => asked)
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('cancelled')
  expect(world.trace.slice(-2)).toEqual(['undo rollout.restoreRoute rollout', 'undo rollout.removeCandidate rollout'])
})

test('an abort stops a script in the middle and takes it back', async () => {
  world.script = async ({ job: name }) => name === 'slow' ? untilStopped() : DONE
  const handle = await world.start(planOf([stage('ship', [script('first'), script('slow'), script('never')], { parallel: false })]))
  await world.until(() => world.trace.includes('run slow'))
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('cancelled')
  expect(world.trace).toEqual(['run first', 'run slow', 'undo script.rollback slow', 'undo script.rollback first'])
  expect(statuses()).toEqual({ first: 'undone', slow: 'stopped', never: 'pending' })
})
