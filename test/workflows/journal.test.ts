import { afterAll, beforeEach, expect, test } from 'vitest'
import { abortUpdate, approveUpdate, pauseUpdate, resumeUpdate, waitingQuery } from '../../workflows/messages.js'
import { canary, HOUR, job, MINUTE, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, env, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const approval = { approvers: ['lead'], groups: ['sre'], quorum: 2, expiresMs: 4 * HOUR, allowAuthor: false, doors: null }
const isWhole = (): void => {
  expect(world.journal.map(({ sequence }) => sequence)).toEqual(world.journal.map((_, n) => n + 1))
  expect(world.doubles).toBe(0)
  expect(world.journal.at(-1)?.type).toBe('release.ended')
}

test('a database that is away keeps no job and no approval waiting; its journal is whole afterwards', async () => {
  world.databaseIsAway = true
  const handle = await world.start(planOf([stage('ship', [job('a', 'script')]), stage('next', [job('b', 'script')], { approval: { ...approval, quorum: 1 } })]))
  await world.until(({ approvals }) => approvals.length > 0)
  await env.sleep(9.5 * MINUTE) // by now the clerk waits a minute between its tries
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
  await world.until(() => world.trace.includes('run b'), 500)
  const [decided] = (await world.seen()).approvals[0]?.decisions ?? []
  expect(Date.parse((await world.seen()).stages[1]?.startedAt ?? '') - Date.parse(decided?.at ?? '')).toBeLessThan(5000)
  expect(world.journal).toEqual([])
  await world.until(({ status }) => status === 'succeeded')
  await env.sleep('3m')
  expect((await handle.describe()).status.name).toBe('RUNNING')
  world.databaseIsAway = false
  expect((await handle.result()).status).toBe('succeeded')
  isWhole()
  expect(world.undo.map(({ job: name }) => name)).toEqual(['a', 'b'])
})

test('a database that is away in the middle loses and doubles nothing', async () => {
  const handle = await world.start(planOf([stage('ship', [job('rollout', 'rollout', canary([10, 50, 100].map((percentage) => ({ percentage, duration: '30m' }))))])]))
  await world.until(({ splits }) => splits[0]?.percent === 10)
  world.databaseIsAway = true
  await world.until(({ splits }) => splits[0]?.percent === 100, MINUTE)
  world.databaseIsAway = false
  await handle.result()
  isWhole()
  expect(world.view?.status).toBe('succeeded')
})

test('a programming error parks the release: nothing is undone, nothing ends', async () => {
  const handle = await world.start(planOf([stage('prepare', [job('a', 'script')]), stage('ship', [job('rollout', 'rollout', canary([{ percentage: 10, duration: '1h', successCriteria: { errorRate: 'few' } }]))])]))
  const failedTask = async (): Promise<string | null | undefined> => (await handle.fetchHistory()).events?.findLast(({ workflowTaskFailedEventAttributes: failed }) => failed)?.workflowTaskFailedEventAttributes?.failure?.message
  await expect.poll(failedTask, { timeout: 10_000 }).toBe('not a threshold: few')
  expect((await handle.describe()).status.name).toBe('RUNNING')
  expect(world.trace.filter((line) => line.startsWith('undo'))).toEqual([])
  expect(world.view?.status).toBe('running')
  await handle.terminate('it would stay parked for ever')
})

test('`waiting` says what for, since when, until when, who ends it and how', async () => {
  const waits = async () => handle.query(waitingQuery)
  const handle = await world.start(planOf([stage('ship', [job('rollout', 'rollout', canary([{ percentage: 10, duration: '1h' }]))], { approval })]))
  await world.until(({ approvals }) => approvals.length > 0)
  const [asked] = await waits()
  expect(asked).toMatchObject({ what: 'approval', where: 'ship', who: ['lead', 'group sre'], commands: ['approve', 'reject'], detail: '2 of lead, group sre' })
  expect(Date.parse(asked?.until ?? '') - Date.parse(asked?.since ?? '')).toBe(4 * HOUR)
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'eve', door: 'api', groups: ['sre'] }] })
  await world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
  const [held] = await waits()
  expect(held).toMatchObject({ what: 'hold', where: 'shop at 10% (rollout)', who: [], commands: ['promote', 'pause', 'rollback', 'abort'] })
  expect(Date.parse(held?.until ?? '') - Date.parse(held?.since ?? '')).toBe(HOUR)
  await handle.executeUpdate(pauseUpdate, { args: [{ by: 'ann', reason: 'lunch' }] })
  expect(await waits()).toEqual([{ what: 'pause', where: 'release', since: (await world.seen()).paused?.at, until: null, who: [], commands: ['resume', 'rollback', 'abort'], detail: 'paused by ann' }])
  await handle.executeUpdate(resumeUpdate, { args: [{ by: 'ann' }] })
  await world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
  expect((await waits()).map(({ what }) => what)).toEqual(['hold'])
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  await handle.result()
  expect(await waits()).toEqual([])
})
