import { afterAll, beforeEach, expect, test } from 'vitest'
import { abortUpdate, approveUpdate, pauseUpdate, promoteUpdate, resumeUpdate, retryUpdate, rollbackUpdate } from '../../workflows/messages.js'
import { canary, job, MINUTE, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, env, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const shipping = (phases: Parameters<typeof canary>[0], more = {}) => planOf([stage('ship', [job('rollout', 'rollout', canary(phases), more)])])
const CRITERIA = { errorRate: '<1%' }
const bad = { verdict: 'fail' as const, reason: 'error rate 20% not <1% at 10%', measures: { errorRate: 0.2 }, requests: 100, checks: 1 }

test('a canary of 24 hours goes out phase by phase and retires the old version', async () => {
  const outcome = await world.run(shipping([
    { percentage: 10, duration: '4h', successCriteria: CRITERIA }, { percentage: 50, duration: '12h', successCriteria: CRITERIA }, { percentage: 100, duration: '8h', successCriteria: CRITERIA },
  ]))
  expect(outcome).toEqual({ status: 'succeeded', reason: null, leftOver: [] })
  expect(world.trace).toEqual(['deploy rollout', 'split 10', 'split 50', 'split 100', 'finish rollout'])
  const [started, ended] = [world.view?.startedAt, world.view?.endedAt].map((at) => Date.parse(at ?? ''))
  expect(Math.round(((ended ?? 0) - (started ?? 0)) / MINUTE)).toBe(24 * 60)
})

test('a canary whose error rate rises goes back, traffic first', async () => {
  world.judge = () => bad
  const outcome = await world.run(shipping([{ percentage: 10, duration: '15m', successCriteria: CRITERIA }, { percentage: 100, duration: '1m' }]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: bad.reason, leftOver: [] })
  expect(world.trace).toEqual(['deploy rollout', 'split 10', 'undo rollout.restoreRoute rollout', 'undo rollout.removeCandidate rollout'])
})

test('criteria that were not met are not tried again, however many tries the job has', async () => {
  world.judge = () => bad
  await world.run(shipping([{ percentage: 10, duration: '15m', successCriteria: CRITERIA }], { retry: { attempts: 3, intervalMs: 1000, backoff: 2, maxIntervalMs: 5000 } }))
  expect(world.trace.filter((line) => line.startsWith('deploy'))).toHaveLength(1)
})

test('a bad version is taken back at once, not at the end of its hold', async () => {
  world.judge = () => bad
  await world.run(shipping([{ percentage: 10, duration: '10h', successCriteria: CRITERIA }]))
  const [started, ended] = [world.view?.startedAt, world.view?.endedAt].map((at) => Date.parse(at ?? ''))
  expect((ended ?? 0) - (started ?? 0)).toBeLessThan(10 * MINUTE)
})

test('pause freezes what remains of a hold, resume goes on with it', async () => {
  const handle = await world.start(shipping([{ percentage: 10, duration: '60m' }]))
  await world.until((view) => view.waiting.some(({ what }) => what === 'hold'))
  await env.sleep('20m')
  await handle.executeUpdate(pauseUpdate, { args: [{ by: 'ann' }] })
  expect((await world.seen()).status).toBe('paused')
  await env.sleep('5h')
  expect((await world.seen()).status).toBe('paused')
  await handle.executeUpdate(resumeUpdate, { args: [{ by: 'ann' }] })
  const view = await world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
  const rest = Date.parse(view.waiting[0]?.until ?? '') - Date.parse(view.waiting[0]?.since ?? '')
  expect(Math.round(rest / MINUTE)).toBe(40)
  expect((await handle.result()).status).toBe('succeeded')
})

test('promote skips the rest of the hold; promote to full goes to 100 %', async () => {
  const handle = await world.start(shipping([10, 20, 50, 100].map((percentage) => ({ percentage, duration: '1h' }))))
  await world.until((view) => view.splits[0]?.percent === 10)
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'next' }] })
  await world.until((view) => view.splits[0]?.percent === 20 && view.waiting.length > 0)
  expect(world.view?.waiting[0]?.full).toBe('traffic')
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'full' }] })
  expect((await world.until((view) => view.splits[0]?.percent === 100 && view.waiting.length > 0)).waiting[0]?.full).toBe(undefined)
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.trace).toEqual(['deploy rollout', 'split 10', 'split 20', 'split 100', 'finish rollout'])
})

test('abort in the middle of a hold takes everything back and ends cancelled', async () => {
  const handle = await world.start(shipping([{ percentage: 10, duration: '5h' }]))
  await world.until((view) => view.splits.length > 0)
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann', reason: 'wrong ticket' }] })
  expect(await handle.result()).toEqual({ status: 'cancelled', reason: 'aborted by ann: wrong ticket', leftOver: [] })
  expect(world.trace.slice(-2)).toEqual(['undo rollout.restoreRoute rollout', 'undo rollout.removeCandidate rollout'])
})

test('rollback of a running release ends rolled back; after that it is too late to abort', async () => {
  const handle = await world.start(shipping([{ percentage: 10, duration: '5h' }]))
  await world.until((view) => view.splits.length > 0)
  await handle.executeUpdate(rollbackUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('rolled_back')
})

test('a cancel in Temporal takes everything back as well', async () => {
  const handle = await world.start(shipping([{ percentage: 10, duration: '5h' }]))
  await world.until((view) => view.splits.length > 0)
  await handle.cancel()
  expect((await handle.result()).status).toBe('cancelled')
  expect(world.trace.at(-1)).toBe('undo rollout.removeCandidate rollout')
})

test('metrics that do not answer hold the release; it goes on when they do', async () => {
  let asked = 0
  world.judge = () => { asked += 1; return asked < 4 ? { verdict: 'outage', reason: 'no answer', measures: {}, requests: null, checks: 4 } : { verdict: 'pass', reason: 'ok', measures: {}, requests: 50, checks: 5 } }
  const outcome = await world.run(shipping([{ percentage: 10, duration: '15m', successCriteria: CRITERIA }]))
  expect(outcome.status).toBe('succeeded')
  expect(asked).toBe(4)
})

test('an inconclusive verdict asks a person: retry measures again, promote goes on', async () => {
  let asked = 0
  world.judge = () => { asked += 1; return { verdict: 'inconclusive', reason: '3 of 20 requests', measures: {}, requests: 3, checks: 5 } }
  const handle = await world.start(shipping([{ percentage: 10, duration: '15m', successCriteria: CRITERIA }]))
  await world.until((view) => view.waiting.some(({ what }) => what === 'inconclusive'))
  await handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] })
  await world.until((view) => view.waiting.some(({ what }) => what === 'inconclusive') && asked === 2)
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'next' }] })
  expect((await handle.result()).status).toBe('succeeded')
})

test('a phase with an approval waits for it before its split is set', async () => {
  const handle = await world.start(shipping([{ percentage: 10, duration: '1m' }, { percentage: 50, duration: '1m', approval: { approvers: ['lead'], groups: [], quorum: 1, allowAuthor: false } }]))
  const view = await world.until(({ approvals }) => approvals.length > 0)
  expect(view.approvals[0]?.id).toBe('ship/rollout/50%')
  expect(world.trace).toEqual(['deploy rollout', 'split 10'])
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
  expect((await handle.result()).status).toBe('succeeded')
})

test('blue-green switches everything at once, watches, keeps the old version, then retires it', async () => {
  const config = { ...canary([]), strategy: { type: 'blue-green', watch: '10m', keepOld: '2h', minRequests: 20, failureLimit: 1, consecutiveErrorLimit: 4, successCriteria: CRITERIA } }
  expect((await world.run(planOf([stage('ship', [job('rollout', 'rollout', config)])]))).status).toBe('succeeded')
  expect(world.trace).toEqual(['deploy rollout', 'split 100', 'finish rollout'])
})
