// What people have done to single targets while the rest go on, and what races: on the real server.
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import { failure } from '../../domain/failures.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import { abortUpdate, pauseUpdate, resumeUpdate, retryTargetUpdate, rollbackTargetUpdate, uninstallTargetUpdate } from '../../workflows/messages.js'
import { DONE, untilStopped, type ReleaseWorld } from '../support/far-side.js'
import { fleet, job, planOf, stage } from '../support/plan-builder.js'
import { realWorlds } from '../support/real-world.js'
import { temporalServer } from '../support/servers.js'

const worlds = await realWorlds(await temporalServer())
let world: ReleaseWorld
beforeEach(() => { world = worlds.newWorld() })
afterAll(() => worlds.close())

const script = (name: string) => job(name, 'script', {}, { hasSnapshot: false })
const webs = (count: number) => { for (let n = 1; n <= count; n += 1) world.fleet.add(`web-${n}`) }
const ship = (given: Partial<CompiledFleet> = {}) => planOf([stage('ship', [script('update')], { fleet: fleet(given) })])
const of = (target: string) => ({ args: [{ by: 'ann', target }] as [{ by: string; target: string }] })
const refusal = (message: string) => ({ cause: { type: 'RELEASE_CONFLICT', message: expect.stringContaining(message) as string } })
/** Opens when told; jobs on the last target wait for it. */
function gateOn(target: string): () => void {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  const before = world.script
  world.script = async (call: JobCall) => { if (call.target?.name === target) await opened; return before(call) }
  return open
}
const statuses = () => world.fleet.statuses()

test('one target is taken back, tried again or uninstalled while the rest go on', async () => {
  webs(4)
  let refuses = true
  world.script = ({ target }) => { if (refuses && target?.name === 'web-2') throw failure('CHECK_FAILED', 'web-2 said no'); return DONE }
  const open = gateOn('web-4')
  const handle = await world.start(ship({ maxFailures: { count: 1 } }))
  await world.until(() => statuses()['web-4'] === 'running')
  refuses = false
  await handle.executeUpdate(rollbackTargetUpdate, of('web-1'))
  await handle.executeUpdate(retryTargetUpdate, of('web-2'))
  await handle.executeUpdate(uninstallTargetUpdate, of('web-3'))
  await world.until(() => statuses()['web-1'] === 'undone' && statuses()['web-2'] === 'succeeded' && statuses()['web-3'] === 'uninstalled')
  expect(statuses()['web-4']).toBe('running')
  await world.until(({ stages }) => stages[0]?.fleet?.counts.uninstalled === 1)
  open()
  expect(await handle.result()).toMatchObject({ status: 'succeeded', leftOver: [] })
  expect(statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'succeeded', 'web-3': 'uninstalled', 'web-4': 'succeeded' })
})

test('a release whose targets were all taken back by hand has not succeeded', async () => {
  webs(2)
  world.script = ({ target }) => { if (target?.name === 'web-2') throw failure('CHECK_FAILED', 'web-2 said no'); return DONE }
  const open = gateOn('web-2')
  const handle = await world.start(ship({ maxFailures: { count: 1 } }))
  await world.until(() => statuses()['web-2'] === 'running')
  await handle.executeUpdate(rollbackTargetUpdate, of('web-1'))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.undone === 1)
  open()
  expect(await handle.result()).toMatchObject({ status: 'rolled_back', reason: '0 of 2 targets succeeded, 0 were skipped, 1 taken back by hand: too few' })
})

test('a failed target that was tried again no longer counts against the limit', async () => {
  webs(4)
  let refuses = ['web-1', 'web-3']
  world.script = ({ target }) => { if (refuses.includes(target?.name ?? '')) throw failure('CHECK_FAILED', 'no'); return DONE }
  const open = gateOn('web-2')
  const handle = await world.start(ship({ maxFailures: { count: 1 } }))
  await world.until(() => statuses()['web-2'] === 'running')
  refuses = ['web-3']
  await handle.executeUpdate(retryTargetUpdate, of('web-1'))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.failed === undefined && statuses()['web-1'] === 'succeeded')
  open()
  expect((await handle.result()).status).toBe('succeeded')
  expect(statuses()).toEqual({ 'web-1': 'succeeded', 'web-2': 'succeeded', 'web-3': 'failed', 'web-4': 'succeeded' })
})

test('however often a target is run, and however often its job is tried, no key is used twice', async () => {
  webs(1)
  world.fleet.add('last', { priority: -1 })
  const keys: string[] = []
  world.script = ({ target, idempotencyKey }) => {
    if (target?.name !== 'web-1') return DONE
    keys.push(idempotencyKey.split('/').at(-1) ?? '')
    if (keys.length <= 5) throw failure('CHECK_FAILED', 'no')
    return DONE
  }
  const open = gateOn('last')
  const tried = job('update', 'script', {}, { hasSnapshot: false, retry: { attempts: 3, intervalMs: 10, backoff: 1, maxIntervalMs: 10 } })
  const handle = await world.start(planOf([stage('ship', [tried], { fleet: fleet({ maxFailures: { count: 1 } }) })]))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.failed === 1) // tries 1 to 3
  await handle.executeUpdate(retryTargetUpdate, of('web-1'))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1) // 4 and 5 fail, 6 does not
  await handle.executeUpdate(rollbackTargetUpdate, of('web-1'))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.undone === 1)
  await handle.executeUpdate(retryTargetUpdate, of('web-1'))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
  open()
  expect((await handle.result()).status).toBe('succeeded')
  expect(keys).toEqual(['1', '2', '3', '4', '5', '6', '7'])
})

test('what cannot be done to a target is refused with its reason, and leaves no trace', async () => {
  webs(3)
  const open = gateOn('web-2')
  const handle = await world.start(ship())
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
  const events = (await world.seen()).sequence
  await expect(handle.executeUpdate(rollbackTargetUpdate, of('web-3'))).rejects.toMatchObject(refusal('web-3 is pending: nothing has been done to it yet'))
  await expect(handle.executeUpdate(retryTargetUpdate, of('web-1'))).rejects.toMatchObject(refusal('web-1 is succeeded: there is nothing to try again'))
  await expect(handle.executeUpdate(uninstallTargetUpdate, of('web-2'))).rejects.toMatchObject(refusal('its turn is still to come, or has not ended'))
  await expect(handle.executeUpdate(retryTargetUpdate, of('web-9'))).rejects.toMatchObject(refusal('this release has no target web-9: no stage that has begun runs on it'))
  expect((await world.seen()).sequence).toBe(events)
  open()
  expect((await handle.result()).status).toBe('succeeded')
})

test('an abort stops the targets that run in the middle, and takes back them and those before', async () => {
  webs(4)
  world.script = async ({ target }) => target?.name === 'web-1' ? DONE : untilStopped()
  const handle = await world.start(ship({ batch: { count: 4 }, parallel: 3 }))
  await world.until(() => world.trace.filter((line) => line.startsWith('run')).length === 4)
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect(await handle.result()).toMatchObject({ status: 'cancelled', leftOver: [] })
  expect(statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'undone', 'web-3': 'undone', 'web-4': 'undone' })
  expect(world.trace.filter((line) => line.startsWith('undo')).sort()).toEqual([1, 2, 3, 4].map((n) => `undo script.rollback update@web-${n}`))
})

test('a pause reaches a target between two of its jobs', async () => {
  webs(1)
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  world.script = async (call) => { if (call.job === 'stop') await opened; return DONE }
  const handle = await world.start(planOf([stage('ship', [script('stop'), script('start')], { parallel: false, fleet: fleet() })]))
  await world.until(() => world.trace.includes('run stop@web-1'))
  await handle.executeUpdate(pauseUpdate, { args: [{ by: 'ann' }] })
  await new Promise((resolve) => setTimeout(resolve, 1000)) // release → wave → target
  open()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(world.trace).toEqual(['run stop@web-1'])
  await handle.executeUpdate(resumeUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.trace).toEqual(['run stop@web-1', 'run start@web-1'])
})

test('an agent that is there but does not take its job, nor its undo, is left over with what a person must do', async () => {
  webs(1)
  world.fleet.add('shop-7', { via: 'agent', lastSeenAt: new Date() })
  const outcome = await world.run(ship({ offlineWaitMs: 2000 })).catch((error: unknown) => error)
  expect(outcome).toMatchObject({ cause: { type: 'UNDO_FAILED', message: expect.stringContaining('On shop-7: Take back by hand what update did.') as string } })
  expect(statuses()).toEqual({ 'web-1': 'undone', 'shop-7': 'stuck' })
  expect(world.fleet.run('shop-7')?.message).toContain('the agent did not take update (script) within 2 s')
})

test('a release that is terminated by hand stops its targets, and its take-back waits for them', async () => {
  webs(3)
  world.script = async ({ target }) => {
    if (target?.name !== 'web-2') return DONE
    try { return await untilStopped() } finally { world.trace.push('stopped web-2') }
  }
  const handle = await world.start(ship())
  await world.until(() => world.trace.includes('run update@web-2'))
  await handle.terminate('by hand')
  expect(await (await world.startTakeBack()).result()).toMatchObject({ status: 'rolled_back', leftOver: [] })
  expect(world.trace.indexOf('stopped web-2')).toBeLessThan(world.trace.indexOf('undo script.rollback update@web-2'))
  expect(statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'undone', 'web-3': 'pending' })
})

test('a target whose workflow was terminated is told as stuck: nobody knows what was done to it', async () => {
  webs(2)
  world.script = async ({ target }) => target?.name === 'web-1' ? untilStopped() : DONE
  const handle = await world.start(ship({ maxFailures: { count: 1 } }))
  await world.until(() => world.trace.includes('run update@web-1'))
  await worlds.client.workflow.getHandle(`${handle.workflowId}/ship/web-1`).terminate('by hand')
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED', message: expect.stringContaining('Look at web-1: nobody knows what was done to it.') as string } })
  expect(statuses()).toEqual({ 'web-1': 'stuck', 'web-2': 'pending' })
})

test('with several at work, one too many stops the others, and nothing is undone before they have stopped', async () => {
  webs(3)
  world.script = async ({ target }) => {
    if (target?.name === 'web-3') {
      await world.until(() => world.trace.filter((line) => line.startsWith('run')).length === 3)
      throw failure('CHECK_FAILED', 'web-3 said no')
    }
    try { return await untilStopped() } finally { world.trace.push(`stopped ${target?.name ?? ''}`) }
  }
  expect(await world.run(ship({ batch: { percent: 100 } }))).toMatchObject({ status: 'rolled_back', leftOver: [] })
  expect(statuses()).toEqual({ 'web-1': 'undone', 'web-2': 'undone', 'web-3': 'failed' })
  for (const name of ['web-1', 'web-2']) expect(world.trace.indexOf(`stopped ${name}`)).toBeLessThan(world.trace.indexOf(`undo script.rollback update@${name}`))
})
