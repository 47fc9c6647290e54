import { afterAll, beforeEach, expect, test } from 'vitest'
import type { JobCall, UndoCall } from '../../activities/contract.js'
import { failure } from '../../domain/failures.js'
import type { ReleaseOutcome, RollbackInput } from '../../domain/release.js'
import { abortUpdate, approveUpdate, pauseUpdate } from '../../workflows/messages.js'
import { canary, HOUR, job, planOf, stage } from '../support/plan-builder.js'
import { DONE } from '../support/far-side.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const script = (name: string, more: Parameters<typeof job>[3] = {}) => job(name, 'script', {}, more)
const breaking = (...names: string[]) => (call: JobCall) => { if (names.includes(call.job)) throw failure('CHECK_FAILED', `${call.job} said no`); return DONE }
const rollout = (name: string) => job(name, 'rollout', canary([{ percentage: 100, duration: '1m' }], name))
const undos = (): [string, string][] => (world.view?.undo ?? []).map(({ what, state }) => [what, state])
const undone = (): string[] => world.trace.filter((line) => line.startsWith('undo '))
const options = { autoRollback: true, timeoutMs: null, onMetricOutage: 'hold', onInconclusive: 'ask' } as const

const rollBack = async (more: Partial<RollbackInput> = {}): Promise<ReleaseOutcome> => (await world.startTakeBack(more)).result()

test('traffic goes back first, then the last done is undone first', async () => {
  world.script = breaking('last')
  const outcome = await world.run(planOf([stage('prepare', [script('migrate')]), stage('ship', [rollout('web'), rollout('pay')], { parallel: false }), stage('after', [script('last')])]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: 'last said no', leftOver: [] })
  expect(undone()).toEqual([
    'undo rollout.reviveStable pay', 'undo rollout.restoreRoute pay', 'undo rollout.reviveStable web', 'undo rollout.restoreRoute web',
    'undo script.rollback last', 'undo rollout.removeCandidate pay', 'undo rollout.removeCandidate web', 'undo script.rollback migrate',
  ])
  expect(undos().every(([, state]) => state === 'undone')).toBe(true)
})

test('an undo whose far side does not answer is tried again until it does', async () => {
  world.script = breaking('a')
  world.unreachableUndos.set('script.rollback', 4)
  expect((await world.run(planOf([stage('ship', [script('a')])]))).status).toBe('rolled_back')
  expect(undone()).toHaveLength(5)
})

test('an undo that fails is passed over; the others run, and a person is told what to do', async () => {
  world.script = breaking('last')
  world.failingUndos.add('rollout.restoreRoute')
  const run = world.run(planOf([stage('prepare', [script('a')]), stage('ship', [rollout('web')]), stage('after', [script('last')])]))
  await expect(run).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED', message: 'last said no. Left: split of edge/web (rollout.restoreRoute said no): Send all traffic of route web to 2.3.0 at edge.' } })
  expect((await world.handle?.describe())?.status.name).toBe('FAILED')
  expect(undone().at(-1)).toBe('undo script.rollback a')
  expect(world.view).toMatchObject({ status: 'failed', reason: 'last said no' })
  expect(world.view?.undo.filter(({ state }) => state !== 'undone')).toMatchObject([{ what: 'split of edge/web', state: 'failed', error: 'rollout.restoreRoute said no', manual: 'Send all traffic of route web to 2.3.0 at edge.' }])
})

test('a job that was tried again is taken back by the key of its last try', async () => {
  let tries = 0
  world.script = ({ job: name }) => { if (name === 'last' || (tries += 1) === 1) throw failure('CHECK_FAILED', 'no'); return DONE }
  await world.run(planOf([stage('ship', [script('a', { retry: { attempts: 2, intervalMs: 10, backoff: 1, maxIntervalMs: 10 } })]), stage('after', [script('last')])]))
  const { call } = world.undo[0]?.input as unknown as UndoCall
  expect([call.attempt, call.idempotencyKey]).toEqual([2, `${world.releaseId}/ship/a/2`])
})

test('an undo is kept with the journal before its job acts', async () => {
  const handle = await world.start(planOf([stage('ship', [rollout('web')])]))
  await handle.result()
  expect(world.undo.map(({ activity, state, wave }) => [activity, state, wave])).toEqual([['rollout.removeCandidate', 'promised', 'rest'], ['rollout.restoreRoute', 'promised', 'traffic'], ['rollout.reviveStable', 'promised', 'traffic']])
})

test('a release that succeeded is taken back from the undos its journal kept', async () => {
  await world.run(planOf([stage('prepare', [script('a')]), stage('ship', [rollout('web')])]))
  const before = world.journal.length
  expect(await rollBack()).toEqual({ status: 'rolled_back', reason: 'rolled back by ann: too many returns', leftOver: [] })
  expect(undone()).toEqual(['undo rollout.reviveStable web', 'undo rollout.restoreRoute web', 'undo rollout.removeCandidate web', 'undo script.rollback a'])
  expect(world.view).toMatchObject({ status: 'rolled_back', reason: 'rolled back by ann: too many returns' })
  expect(world.journal.map(({ sequence }) => sequence)).toEqual(world.journal.map((_, n) => n + 1))
  expect(world.journal.length).toBeGreaterThan(before)
  expect(undos().map(([, state]) => state)).toEqual(['undone', 'undone', 'undone', 'undone'])
})

test('retry tries just what was left over, and what was undone is still to be seen', async () => {
  world.script = breaking('last')
  world.failingUndos.add('rollout.restoreRoute')
  await expect(world.run(planOf([stage('ship', [rollout('web')]), stage('after', [script('last')])]))).rejects.toThrow()
  await expect(rollBack()).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED' } })
  expect(world.view?.status).toBe('failed')
  world.failingUndos.clear()
  world.trace.length = 0
  expect(await rollBack({ attempt: 2 })).toMatchObject({ status: 'rolled_back', leftOver: [] })
  expect(undone()).toEqual(['undo rollout.restoreRoute web'])
  expect(world.undo.every(({ state }) => state === 'undone')).toBe(true)
  expect(undos()).toHaveLength(4)
})

test('a take-back runs the plan\'s rollback stages even where no job promised an undo, and each that succeeded once', async () => {
  await world.run(planOf([stage('ship', [script('a', { hasUndo: false })])]))
  const rollback = [stage('revert', [script('flush', { hasUndo: false })], { phase: 'rollback' }), stage('tell', [script('tell', { hasUndo: false })], { phase: 'rollback' })]
  world.script = breaking('tell')
  await expect(rollBack({ rollback })).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED' } })
  expect(world.trace).toEqual(['run a', 'run flush', 'run tell'])
  world.script = () => DONE
  expect((await rollBack({ rollback, attempt: 2 })).status).toBe('rolled_back')
  expect(world.trace).toEqual(['run a', 'run flush', 'run tell', 'run tell'])
  expect(world.view?.stages.map(({ name, status }) => [name, status])).toEqual([['ship', 'succeeded'], ['revert', 'succeeded'], ['tell', 'succeeded']])
})

test('an abort before anything acted undoes nothing', async () => {
  const approval = { approvers: ['lead'], groups: [], quorum: 1, expiresMs: HOUR, allowAuthor: false, doors: null }
  const handle = await world.start(planOf([stage('ship', [script('a')], { approval })], { rollback: [stage('revert', [script('flush')], { phase: 'rollback' })] }))
  await world.until(({ waiting }) => waiting.length === 1)
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect(await handle.result()).toEqual({ status: 'cancelled', reason: 'aborted by ann', leftOver: [] })
  expect(world.trace).toEqual([])
})

test('the plan\'s own timeout takes back what was done, or expires what had not begun', async () => {
  const limited = { options: { ...options, timeoutMs: HOUR } }
  expect(await world.run(planOf([stage('ship', [script('a')]), stage('wait', [job('pause', 'wait', { duration: '5h' })])], limited))).toEqual({ status: 'rolled_back', reason: 'took longer than 1h', leftOver: [] })
  expect(world.trace).toEqual(['run a', 'undo script.rollback a'])
  expect(await world.run(planOf([stage('wait', [job('pause', 'wait', { duration: '5h' })])], limited))).toEqual({ status: 'expired', reason: 'took longer than 1h', leftOver: [] })
  expect((await world.run(planOf([stage('wait', [job('pause', 'wait', { duration: '30m' })])], limited))).status).toBe('succeeded')
})

test('nobody can abort, pause or decide while it is being taken back', async () => {
  let open = (): void => undefined
  world.undoGate = new Promise((resolve) => { open = resolve })
  world.script = breaking('b')
  const handle = await world.start(planOf([stage('ship', [script('a'), script('b')], { parallel: false })]))
  await world.until(({ status }) => status === 'rolling_back')
  for (const update of [abortUpdate, pauseUpdate]) {
    await expect(handle.executeUpdate(update, { args: [{ by: 'ann' }] })).rejects.toMatchObject({ cause: { type: 'RELEASE_CONFLICT', message: expect.stringContaining('the release is rolling back') as string } })
  }
  await expect(handle.executeUpdate(approveUpdate, { args: [{ by: 'ann', door: 'api' }] })).rejects.toMatchObject({ cause: { type: 'RELEASE_CONFLICT' } })
  open()
  expect((await handle.result()).status).toBe('rolled_back')
})

test('a release paused while its last job fails is taken back all the same, rollback stages included', async () => {
  let open = (): void => undefined
  const paused = new Promise<void>((resolve) => { open = resolve })
  world.script = async (call) => { if (call.job === 'a') { await paused; throw failure('CHECK_FAILED', 'a said no') } return DONE }
  const handle = await world.start(planOf([stage('ship', [script('a')])], { rollback: [stage('revert', [script('flush')], { phase: 'rollback' })] }))
  await world.until(() => world.trace.length > 0)
  await handle.executeUpdate(pauseUpdate, { args: [{ by: 'ann' }] })
  open()
  expect((await handle.result()).status).toBe('rolled_back')
  expect(world.trace).toEqual(['run a', 'undo script.rollback a', 'run flush'])
  expect(world.view?.paused).toBeNull()
})
