import { afterAll, beforeEach, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import { failure } from '../../domain/failures.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import type { ReleaseOutcome } from '../../domain/release.js'
import { retryUpdate } from '../../workflows/messages.js'
import { DONE } from '../support/far-side.js'
import { fleet, HOUR, job, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const script = (name: string, more: Parameters<typeof job>[3] = {}) => job(name, 'script', {}, { hasSnapshot: false, ...more })
const webs = (count: number, more: (n: number) => Parameters<ReleaseWorld['fleet']['add']>[1] = () => ({})) => { for (let n = 1; n <= count; n += 1) world.fleet.add(`web-${n}`, more(n)) }
const ship = (given: Partial<CompiledFleet> = {}, jobs = [script('update')], more: Parameters<typeof stage>[2] = {}) => planOf([stage('ship', jobs, { fleet: fleet(given), ...more })])
const breaking = (...targets: string[]) => (call: JobCall) => { if (targets.includes(call.target?.name ?? '')) throw failure('CHECK_FAILED', `${call.target?.name ?? ''} said no`); return DONE }
const lines = (start: string): string[] => world.trace.filter((line) => line.startsWith(start))
const shown = () => world.view?.stages[0]?.fleet
const ann = { args: [{ by: 'ann' }] as [{ by: string }] }
const succeeds = async (outcome: Promise<ReleaseOutcome>) => { expect(await outcome).toEqual({ status: 'succeeded', reason: null, leftOver: [] }) }

test('each target gets the stage\'s jobs, the highest priority first, and what was done is kept', async () => {
  webs(3, (n) => ({ priority: n, labels: { nr: String(n) } }))
  await succeeds(world.run(ship({}, [script('stop'), script('start', { condition: 'target.labels.nr != "2"' })], { parallel: false })))
  expect(lines('run')).toEqual(['run stop@web-3', 'run start@web-3', 'run stop@web-2', 'run stop@web-1', 'run start@web-1'])
  expect(shown()).toMatchObject({ total: 3, counts: { succeeded: 3 }, failing: [], waves: [{ name: 'all', targets: 3, done: 3, failed: 0, status: 'passed' }] })
  expect(world.fleet.run('web-2')).toMatchObject({ status: 'succeeded', pass: 1, jobs: [{ name: 'stop', status: 'succeeded' }, { name: 'start', status: 'skipped' }], undo: [{ id: 'ship/stop/script.rollback', state: 'promised' }] })
  expect(world.view?.undo.map(({ what, state }) => [what, state])).toEqual([['targets of ship', 'promised']])
})

test('what a job takes from its target and from an earlier stage is filled in, and its key is its target\'s own', async () => {
  webs(2)
  const calls: JobCall[] = []
  world.script = (call) => { calls.push(call); return call.job === 'build' ? { ...DONE, outputs: { image: 'shop:9' } } : DONE }
  await succeeds(world.run(planOf([
    stage('prepare', [script('build')]),
    stage('ship', [job('update', 'script', { environment: { WHERE: { $late: ['to ', { ref: 'target.host' }] }, IMAGE: { $late: [{ ref: 'jobs.build.outputs.image' }] } } }, { condition: 'jobs.build.status == "succeeded"' })], { fleet: fleet() }),
  ])))
  const [, first, second] = calls
  expect(first?.config).toEqual({ environment: { WHERE: 'to web-1.example.com', IMAGE: 'shop:9' } })
  expect([first?.idempotencyKey, second?.idempotencyKey]).toEqual([`${world.releaseId}/ship/update@web-1/1`, `${world.releaseId}/ship/update@web-2/1`])
  expect(first?.target).toMatchObject({ id: 'id-web-1', name: 'web-1', via: 'direct' })
})

test('a rolling stage waits between its batches, and no more than the batch are at work at once', async () => {
  webs(5)
  let [now, most] = [0, 0]
  world.script = async () => { now += 1; most = Math.max(most, now); await new Promise((resolve) => setTimeout(resolve, 20)); now -= 1; return DONE }
  const handle = await world.start(ship({ batch: { count: 2 }, intervalMs: HOUR }))
  await succeeds(handle.result())
  const [started, ended] = [world.view?.stages[0]?.startedAt ?? '', world.view?.stages[0]?.endedAt ?? '']
  expect(Math.floor((Date.parse(ended) - Date.parse(started)) / HOUR)).toBe(2)
  expect(most).toBe(2)
})

test('failures within the limit are taken back alone and told; one more fails the stage, and all the others are taken back, the last first', async () => {
  webs(6)
  world.script = breaking('web-2')
  await succeeds(world.run(ship({ maxFailures: { count: 1 } })))
  expect(lines('undo')).toEqual(['undo script.rollback update@web-2'])
  expect(shown()).toMatchObject({ counts: { succeeded: 5, failed: 1 }, failing: [{ target: 'web-2', status: 'failed', message: 'update: web-2 said no; taken back' }] })
  expect(world.journal.find(({ type }) => type === 'target.failed')).toMatchObject({ message: 'web-2 failed: update: web-2 said no; taken back', stage: 'ship' })

  world = newWorld()
  webs(6)
  world.script = breaking('web-2', 'web-4')
  const outcome = await world.run(ship({ maxFailures: { count: 1 } }))
  expect(outcome).toEqual({ status: 'rolled_back', reason: '2 of 6 targets failed, at most 1 may: web-2: update: web-2 said no; taken back; web-4: update: web-4 said no; taken back', leftOver: [] })
  expect(lines('run')).toHaveLength(4)
  expect(lines('undo').slice(0, 2)).toEqual(['undo script.rollback update@web-2', 'undo script.rollback update@web-4'])
  expect(new Set(lines('undo').slice(2))).toEqual(new Set(['undo script.rollback update@web-3', 'undo script.rollback update@web-1']))
  expect(world.fleet.statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'failed', 'web-3': 'undone', 'web-4': 'failed', 'web-5': 'pending', 'web-6': 'pending' })
})

test('the share that must succeed is a limit too', async () => {
  webs(10)
  world.script = breaking('web-1', 'web-2', 'web-3')
  expect(await world.run(ship({ maxFailures: null, minSuccessPercent: 80 }))).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/^3 of 10 targets failed, at most 2 may/) as string })
  world = newWorld()
  webs(10)
  world.script = breaking('web-1', 'web-2')
  await succeeds(world.run(ship({ maxFailures: null, minSuccessPercent: 80 })))
})

test('a target that could not be taken back fails the stage whatever the limit, and is listed with what a person must do; retry takes only that', async () => {
  webs(3)
  world.script = breaking('web-2')
  world.failingUndos.add('update@web-2')
  await expect(world.run(ship({ maxFailures: { count: 2 } }))).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED', message: expect.stringContaining('web-2: update (script) (script.rollback said no): On web-2: Take back by hand what update did.') as string } })
  expect(world.fleet.statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'stuck', 'web-3': 'pending' })
  expect(world.view?.undo).toMatchObject([{ what: 'targets of ship', state: 'failed', error: '1 of 2 targets could not be taken back: web-2: update (script) (script.rollback said no)' }])
  world.failingUndos.clear()
  world.trace.length = 0
  expect(await (await world.startTakeBack()).result()).toMatchObject({ status: 'rolled_back', leftOver: [] })
  expect(world.trace).toEqual(['undo script.rollback update@web-2'])
  expect(world.view?.stages[0]?.fleet).toMatchObject({ counts: { pending: 1, undone: 2 }, failing: [] })
})

test('a release that succeeded is taken back on all its targets', async () => {
  webs(3)
  await succeeds(world.run(ship({ batch: { count: 3 } })))
  expect(await (await world.startTakeBack()).result()).toEqual({ status: 'rolled_back', reason: 'rolled back by ann: too many returns', leftOver: [] })
  expect(lines('undo').sort()).toEqual(['undo script.rollback update@web-1', 'undo script.rollback update@web-2', 'undo script.rollback update@web-3'])
  expect(world.view?.stages[0]).toMatchObject({ fleet: { counts: { undone: 3 } }, jobs: [{ name: 'update', status: 'undone' }] })
})

test('where the plan does not roll back by itself a person is asked, and retry runs those that failed again with keys of their own', async () => {
  webs(3)
  const keys: string[] = []
  world.script = (call) => { keys.push(call.idempotencyKey.split('/').slice(2).join('/')); return keys.length < 3 ? breaking('web-2')(call) : DONE }
  const handle = await world.start(ship({ autoRollback: false }))
  await world.until(({ waiting }) => waiting.some(({ what }) => what === 'failure'))
  await handle.executeUpdate(retryUpdate, ann)
  await succeeds(handle.result())
  expect(keys).toEqual(['update@web-1/1', 'update@web-2/1', 'update@web-2/2', 'update@web-3/1'])
})

test('onError continue goes on after a fleet that failed, and stop leaves all as it is', async () => {
  webs(2)
  world.script = breaking('web-1')
  const two = (onError: 'continue' | 'stop') => planOf([stage('ship', [script('update')], { fleet: fleet(), onError }), stage('after', [script('tell', { hasUndo: false })])])
  await succeeds(world.run(two('continue')))
  expect(world.view?.stages.map(({ status }) => status)).toEqual(['failed', 'succeeded'])
  world = newWorld()
  webs(2)
  world.script = breaking('web-1')
  await expect(world.run(two('stop'))).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED' } })
  expect(lines('undo')).toEqual([])
})

test('a target that is away fails, is skipped, or is waited for until its time is over', async () => {
  webs(2)
  world.fleet.away.add('web-1')
  expect(await world.run(ship())).toMatchObject({ status: 'rolled_back', reason: '1 of 2 targets failed, at most 0 may: web-1: it is offline: web-1: expected a connection, got ECONNREFUSED' })
  expect(lines('run')).toEqual([])

  world = newWorld()
  webs(2)
  world.fleet.away.add('web-1')
  await succeeds(world.run(ship({ offline: 'skip' })))
  expect([world.fleet.statuses(), lines('run')]).toEqual([{ 'web-1': 'skipped', 'web-2': 'succeeded' }, ['run update@web-2']])

  world = newWorld()
  webs(2)
  world.fleet.away.add('web-1')
  const handle = await world.start(ship({ offline: 'wait', offlineWaitMs: HOUR }))
  await world.until(() => world.fleet.statuses()['web-1'] === 'waiting')
  world.fleet.away.clear()
  await succeeds(handle.result())
  expect(world.fleet.run('web-1')?.pass).toBe(1)

  world = newWorld()
  webs(2)
  world.fleet.away.add('web-1')
  expect((await world.run(ship({ offline: 'wait', offlineWaitMs: HOUR }))).reason).toContain('web-1: it was offline for 1h')
})

test('when every target is skipped the stage has failed: nothing was released', async () => {
  webs(2)
  world.fleet.away.add('web-1').add('web-2')
  expect(await world.run(ship({ offline: 'skip' }))).toMatchObject({ status: 'rolled_back', reason: '0 of 2 targets succeeded, 2 were skipped: too few' })
})

test('a choice without targets, or with names that are none, is refused before anything acts', async () => {
  expect(await world.run(ship())).toMatchObject({ status: 'rolled_back', reason: 'stage ship: no target of shop/production is chosen' })
  webs(1)
  expect(await world.run(ship({ targets: { names: ['web-9'], labels: {}, type: null } }))).toMatchObject({ reason: 'stage ship: shop/production has no target web-9 that fits' })
  expect(world.trace).toEqual([])
})

test.each([
  ['a script on an engine', () => ({ type: 'docker' as const, config: { docker: { host: 'tcp://web-2:2376' } } }), script('update'), 'update (script) cannot act there: target web-2 is no machine: it is docker'],
  ['manifests on a machine', () => ({}), job('backend', 'kubernetes', {}), 'backend (kubernetes) cannot act there: target web-1 has no cluster: it is host, and its config has no kubernetes'],
  ['a machine that nobody can log in to', () => ({ config: {} }), script('update'), 'update (script) cannot act there: target web-2 does not say how it is reached: its config has no ssh'],
])('%s is refused before anything acts, also on the targets that would fit', async (_, second, what, reason) => {
  webs(2, (n) => n === 2 ? second() : {})
  expect(await world.run(ship({}, [what]))).toEqual({ status: 'rolled_back', reason: `stage ship: ${reason}`, leftOver: [] })
  expect(world.trace).toEqual([])
})

test('an agent that never spoke, or not for a while, is away', async () => {
  webs(3, (n) => ({ via: 'agent', lastSeenAt: n === 1 ? null : new Date(Date.now() - n * HOUR) }))
  expect((await world.run(ship({ maxFailures: { count: 5 } }))).reason).toBe('0 of 3 targets succeeded, 0 were skipped: too few')
  expect(shown()).toMatchObject({ counts: { failed: 3 }, failing: [{ target: 'web-1', message: 'it is offline: its agent has never reported' }, { message: expect.stringMatching(/^it is offline: its agent was last heard of at 20/) as string }, {}] })
  expect(world.trace).toEqual([])
})

test('rollback stages run on targets too', async () => {
  webs(2)
  world.script = breaking('web-2')
  const plan = planOf([stage('ship', [script('update')], { fleet: fleet() })], { rollback: [stage('ship', [script('restore', { hasUndo: false })], { phase: 'rollback', fleet: fleet() })] })
  world.script = (call) => call.job === 'update' ? breaking('web-2')(call) : DONE
  expect((await world.run(plan)).status).toBe('rolled_back')
  expect(lines('run')).toEqual(['run update@web-1', 'run update@web-2', 'run restore@web-1', 'run restore@web-2'])
})
