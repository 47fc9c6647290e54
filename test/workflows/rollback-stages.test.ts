import { afterAll, beforeEach, expect, test } from 'vitest'
import { failure } from '../../domain/failures.js'
import { job, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const script = (name: string, more = {}) => job(name, 'script', {}, { hasUndo: false, ...more })
const revert = [stage('revert', [script('tell')], { phase: 'rollback' })]
const failing = (name: string) => (call: { job: string }) => {
  if (call.job === name) throw failure('CHECK_FAILED', 'exit code 1')
  return { outputs: {}, message: '', artifacts: [] }
}

test('a script that has nothing to undo has still acted: the plan\'s rollback stages run', async () => {
  world.script = failing('second')
  const outcome = await world.run(planOf([stage('main', [script('first'), script('second', { dependsOn: ['first'] })])], { rollback: revert }))
  expect(outcome).toEqual({ status: 'rolled_back', reason: 'exit code 1', leftOver: [] })
  expect(world.trace).toEqual(['run first', 'run second', 'run tell'])
})

test('where only checks have run there is nothing to take back, and no rollback stage runs', async () => {
  const never = job('never', 'condition', { expression: '1 == 2', onTrue: 'continue', onFalse: 'fail' })
  const outcome = await world.run(planOf([stage('main', [never])], { rollback: revert }))
  expect(outcome.status).toBe('rolled_back')
  expect(world.trace).toEqual([])
})

test('a stage that stops where it is ends failed as soon as anything has acted, and says so', async () => {
  world.script = failing('second')
  const handle = await world.start(planOf([stage('main', [script('first'), script('second', { dependsOn: ['first'] })], { onError: 'stop' })], { rollback: revert }))
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED', message: expect.stringContaining('left as it is: onError is stop') as string } })
  expect(world.trace).toEqual(['run first', 'run second'])
})
