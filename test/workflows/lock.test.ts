import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import { environmentWorkflowId } from '../../domain/release.js'
import type { environmentWorkflow } from '../../workflows/environment.js'
import { abortUpdate, environmentQuery, freezeUpdate, releaseQuery, unfreezeUpdate, type EnvironmentView } from '../../workflows/messages.js'
import { DONE, untilStopped, type ReleaseWorld } from '../support/far-side.js'
import { job, planOf, stage } from '../support/plan-builder.js'
import { realWorlds } from '../support/real-world.js'
import { temporalServer } from '../support/servers.js'

type Handle = Awaited<ReturnType<ReleaseWorld['start']>>
const worlds = await realWorlds(await temporalServer())
let world: ReleaseWorld
/** Lets the first release go on. */
let open: () => void
beforeEach(() => {
  world = worlds.newWorld()
  const opened = new Promise<void>((resolve) => { open = resolve })
  world.script = async ({ job: name }) => { if (name === 'a') await Promise.race([opened, untilStopped()]); return DONE }
})
afterAll(() => worlds.close())

const planWith = (name: string, policy: CompiledPlan['concurrency']['policy'] = 'queue') =>
  planOf([stage('ship', [job(name, 'script')])], { concurrency: { key: 'shop/production', policy } })
const statusOf = async (handle: WorkflowHandle) => (await handle.query(releaseQuery)).status
const workflowId = (): string => environmentWorkflowId('default', world.lockKey(planWith('any')))
const environment = (): WorkflowHandle => worlds.client.workflow.getHandle(workflowId())
const isQueued = (handle: Handle) => world.until(({ status }) => status === 'queued', 50, handle)

/** One after the other, so that they ask in this order; the first holds the lock and acts. */
async function queueUp<Names extends string[]>(...names: Names): Promise<{ [N in keyof Names]: Handle }> {
  const handles: Handle[] = []
  for (const name of names) {
    const handle = await world.start(planWith(name))
    await world.until(({ status }) => handles.length === 0 ? world.trace.length > 0 : status === 'queued', 50, handle)
    handles.push(handle)
  }
  return handles as { [N in keyof Names]: Handle }
}

async function freeze(until: string | null): Promise<EnvironmentView> {
  return worlds.client.workflow.executeUpdateWithStart(freezeUpdate, {
    args: [{ reason: 'audit', by: 'ann', until }],
    startWorkflowOperation: new WithStartWorkflowOperation<typeof environmentWorkflow>('environmentWorkflow', { workflowId: workflowId(), taskQueue: worlds.taskQueue, args: [{ key: 'shop/production', state: null }], workflowIdConflictPolicy: 'USE_EXISTING' }),
  })
}

test('releases of one key go one after the other, in the order they came', async () => {
  const [a, b, c] = await queueUp('a', 'b', 'c')
  const [holder] = (await environment().query(environmentQuery)).queue
  expect(holder?.releaseId).toBe((await b.query(releaseQuery)).release.releaseId)
  expect([await statusOf(a), await statusOf(b), await statusOf(c)]).toEqual(['running', 'queued', 'queued'])
  expect((await c.query(releaseQuery)).waiting).toMatchObject([{ what: 'lock', commands: ['abort'], until: null }])
  open()
  for (const handle of [a, b, c]) expect((await handle.result()).status).toBe('succeeded')
  expect(world.trace).toEqual(['run a', 'run b', 'run c'])
  await expect.poll(async () => (await environment().query(environmentQuery)).holder).toBeNull()
})

test('policy reject ends rejected by whoever holds the key, and acts on nothing', async () => {
  const [a] = await queueUp('a')
  const holder = world.releaseId
  expect(await world.run(planWith('b', 'reject'))).toEqual({ status: 'rejected', reason: `release ${holder} holds ${world.lockKey(planWith('b'))}`, leftOver: [] })
  open()
  await a.result()
  expect(world.trace).toEqual(['run a'])
})

test('policy reject is not refused by a holder that was terminated', async () => {
  const [a] = await queueUp('a')
  await a.terminate('by hand')
  expect((await world.run(planWith('b', 'reject'))).status).toBe('succeeded')
})

test('policy supersede ends the older ones, takes back what they did, and then goes on', async () => {
  const [a, b] = await queueUp('a', 'b')
  const c = await world.start(planWith('c', 'supersede'))
  const { releaseId } = world
  expect(await a.result()).toEqual({ status: 'superseded', reason: `release ${releaseId} took its place`, leftOver: [] })
  expect((await b.result()).status).toBe('superseded')
  expect((await c.result()).status).toBe('succeeded')
  expect(world.trace).toEqual(['run a', 'undo script.rollback a', 'run c'])
})

test('taking an old release back takes its turn: it pushes no newer one out, whatever the plan\'s policy', async () => {
  const old = await world.start(planWith('old', 'supersede'))
  await old.result()
  const { view, undo } = world
  if (view === null) throw new Error('nothing is journalled')
  const [newer] = await queueUp('a')
  const back = await world.startTakeBack({ release: view.release, view, undo })
  await expect.poll(async () => (await environment().query(environmentQuery)).queue.length).toBe(1)
  await new Promise((resolve) => { setTimeout(resolve, 1000) }) // time enough to be told to go
  open()
  expect((await newer.result()).status).toBe('succeeded')
  expect((await back.result()).status).toBe('rolled_back')
  expect(world.trace).toEqual(['run old', 'run a', 'undo script.rollback old'])
})

test('one that leaves the queue makes room for the next', async () => {
  const [a, b, c] = await queueUp('a', 'b', 'c')
  await b.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect((await b.result()).status).toBe('cancelled')
  open()
  await a.result()
  expect((await c.result()).status).toBe('succeeded')
  expect(world.trace).toEqual(['run a', 'run c'])
})

test('a freeze keeps releases waiting until it is lifted', async () => {
  expect((await freeze(null)).freeze).toMatchObject({ reason: 'audit', by: 'ann', until: null })
  const b = await world.start(planWith('b'))
  await isQueued(b)
  expect((await b.query(releaseQuery)).waiting).toMatchObject([{ detail: 'place 1 behind a freeze by ann: audit' }])
  expect(world.trace).toEqual([])
  await environment().executeUpdate(unfreezeUpdate, { args: [{ by: 'ann' }] })
  expect((await b.result()).status).toBe('succeeded')
})

test('a freeze that is given an end ends by itself, though the lock was told to wait for ever', async () => {
  await freeze(null)
  const b = await world.start(planWith('b'))
  await isQueued(b)
  await freeze(new Date(Date.now() + 1000).toISOString())
  expect((await b.result()).status).toBe('succeeded')
})

test('a freeze of another shape is refused and does not stop the lock', async () => {
  await world.run(planWith('c'))
  for (const broken of [undefined, { by: 'ann' }, { by: 'ann', reason: 'audit', until: 'tomorrow' }]) {
    await expect(environment().executeUpdate('freeze', { args: [broken] })).rejects.toMatchObject({ cause: { type: 'REQUEST_INVALID' } })
  }
  expect((await world.run(planWith('b'))).status).toBe('succeeded')
})
