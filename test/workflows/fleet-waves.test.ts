import { afterAll, beforeEach, expect, test } from 'vitest'
import { failure } from '../../domain/failures.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import type { ReleaseOutcome } from '../../domain/release.js'
import { abortUpdate, approveUpdate, pauseUpdate, promoteUpdate, rejectUpdate, resumeUpdate } from '../../workflows/messages.js'
import { DONE } from '../support/far-side.js'
import { fleet, HOUR, job, MINUTE, planOf, stage, wave } from '../support/plan-builder.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const script = (name: string, more: Parameters<typeof job>[3] = {}) => job(name, 'script', {}, { hasSnapshot: false, ...more })
const webs = (count: number, more: (n: number) => Parameters<ReleaseWorld['fleet']['add']>[1] = () => ({})) => { for (let n = 1; n <= count; n += 1) world.fleet.add(`web-${n}`, more(n)) }
const ship = (given: Partial<CompiledFleet> = {}, jobs = [script('update')], more: Parameters<typeof stage>[2] = {}) => planOf([stage('ship', jobs, { fleet: fleet(given), ...more })])
const lines = (start: string): string[] => world.trace.filter((line) => line.startsWith(start))
const shown = () => world.view?.stages[0]?.fleet
const ann = { args: [{ by: 'ann' }] as [{ by: string }] }
const anyone = { approvers: [], groups: [], quorum: 1, expiresMs: HOUR, allowAuthor: false, doors: null }
const succeeds = async (outcome: Promise<ReleaseOutcome>) => { expect(await outcome).toEqual({ status: 'succeeded', reason: null, leftOver: [] }) }

const check = { durationMs: HOUR, healthCheck: { type: 'http', url: { $late: ['http://', { ref: 'target.host' }, '/health'] } }, analysis: null }
const canary = (more: Partial<CompiledFleet> = {}) => ({ waves: [wave('canary', { percent: 20, verify: check }), wave('rest', { approval: anyone })], batch: { count: 10 }, ...more })

test('a canary goes first, is watched and checked, and the rest follows after a yes', async () => {
  webs(5)
  const urls: unknown[] = []
  world.health = ({ config }) => { urls.push(config['url']); return DONE }
  const handle = await world.start(ship(canary()))
  await world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
  expect(lines('run')).toEqual(['run update@web-1'])
  const view = await world.until(({ approvals }) => approvals.length > 0, 10 * MINUTE)
  expect(view.approvals[0]).toMatchObject({ id: 'ship/rest', status: 'pending' })
  expect(view.stages[0]?.fleet?.waves.map(({ status }) => status)).toEqual(['passed', 'approving'])
  expect(urls).toEqual(['http://web-1.example.com/health', 'http://web-1.example.com/health'])
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
  await succeeds(handle.result())
  expect(lines('run')).toHaveLength(5)
})

test('a no to the rest takes the canary back', async () => {
  webs(5)
  const handle = await world.start(ship(canary()))
  await world.until(({ approvals }) => approvals.length > 0, 10 * MINUTE)
  await handle.executeUpdate(rejectUpdate, { args: [{ by: 'lead', door: 'api', comment: 'too slow' }] })
  expect(await handle.result()).toMatchObject({ status: 'rejected', leftOver: [] })
  expect(world.trace.filter((line) => !line.startsWith('check'))).toEqual(['run update@web-1', 'undo script.rollback update@web-1'])
})

test('a canary whose health is bad after the watch fails the wave, and is taken back', async () => {
  webs(10)
  let asked = 0
  world.health = ({ target }) => { asked += 1; if (asked > 2 && target?.name === 'web-2') throw failure('CHECK_FAILED', 'expected status 200, got 500'); return DONE }
  expect(await world.run(ship(canary()))).toMatchObject({ status: 'rolled_back', reason: 'web-2: expected status 200, got 500' })
  expect(lines('run').sort()).toEqual(['run update@web-1', 'run update@web-2'])
  expect(lines('undo')).toHaveLength(2)
  expect(shown()?.waves.map(({ status }) => status)).toEqual(['failed', 'pending'])
})

test('the metrics judge a wave as one', async () => {
  webs(4)
  const analysis = { source: 'prometheus' as const, address: null, headers: {}, criteria: [{ name: 'errors', query: 'up', threshold: { comparison: '<' as const, value: 1, unit: 'plain' as const } }], intervalMs: null, failureLimit: 1, errorLimit: 4 }
  world.judge = (what) => ({ verdict: 'fail', reason: `errors 3 not <1 at ${what}`, measures: { errors: 3 }, requests: null, checks: 1 })
  expect(await world.run(ship({ ...canary(), waves: [wave('canary', { percent: 50, verify: { durationMs: HOUR, healthCheck: null, analysis } }), wave('rest')] }))).toMatchObject({ status: 'rolled_back', reason: 'errors 3 not <1 at ship canary' })
  expect(lines('run')).toHaveLength(2)
})

test('a person skips the rest of a watch, or the wait between batches', async () => {
  webs(4)
  const handle = await world.start(ship({ ...canary(), waves: [wave('canary', { percent: 25, verify: { durationMs: 90 * 24 * HOUR, healthCheck: null, analysis: null } }), wave('rest')], batch: { count: 1 }, intervalMs: 90 * 24 * HOUR }))
  await world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'next' }] })
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 2)
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'full' }] })
  await world.until(() => lines('run').length === 4)
  await succeeds(handle.result())
  const { startedAt, endedAt } = world.view ?? {}
  expect(Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')).toBeLessThan(90 * 24 * HOUR)
})

test('promote to full skips the checks of the waves that follow, which is what the hold offers while there are any', async () => {
  webs(10)
  const verify = { durationMs: 90 * 24 * HOUR, healthCheck: null, analysis: null }
  const offered = async (where: string): Promise<unknown> => (await world.until(({ waiting }) => waiting.some((one) => one.where === `${where} (ship)`))).waiting[0]?.full
  const one = await world.start(ship({ waves: [wave('one', { percent: 30, verify }), wave('two', { percent: 40, verify }), wave('rest', { approval: anyone })] }))
  expect(await offered('ship one')).toBe('checks')
  await one.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'next' }] })
  expect(await offered('ship two')).toBe(undefined)
  await one.executeUpdate(abortUpdate, ann)
  await one.result()
  const handle = await world.start(ship({ waves: [wave('one', { percent: 30, verify }), wave('two', { percent: 40, verify }), wave('rest', { approval: anyone })] }))
  await offered('ship one')
  await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'full' }] })
  const view = await world.until(({ approvals }) => approvals.length > 0)
  expect(view.stages[0]?.fleet?.waves.map(({ status }) => status)).toEqual(['passed', 'passed', 'approving'])
  expect(world.journal.filter(({ type }) => type === 'promoted').map(({ message }) => message)).toContain('ann skips the rest of the hold and the checks of the waves that follow')
})

test('clusters follow one another, each with its share, its yes and its watch', async () => {
  for (const name of ['dev', 'staging', 'prod-1', 'prod-2']) world.fleet.add(name)
  const among = (...names: string[]) => ({ names, labels: null })
  const watch = (durationMs: number) => ({ durationMs, healthCheck: null, analysis: null })
  const handle = await world.start(ship({ batch: { count: 5 }, waves: [
    wave('priority 1', { among: among('dev'), verify: watch(MINUTE) }), wave('priority 2', { among: among('staging'), approval: anyone, verify: watch(5 * MINUTE) }),
    wave('priority 3', { among: among('prod-1', 'prod-2'), percent: 20, verify: watch(10 * MINUTE) }), wave('priority 4', { among: among('prod-1', 'prod-2') }),
  ] }))
  const view = await world.until(({ approvals }) => approvals.length > 0, 10_000)
  expect([lines('run'), view.approvals[0]?.id]).toEqual([['run update@dev'], 'ship/priority 2'])
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
  await succeeds(handle.result())
  expect(lines('run')).toEqual(['run update@dev', 'run update@staging', 'run update@prod-1', 'run update@prod-2'])
  expect(world.journal.filter(({ type }) => type.startsWith('wave.')).map(({ type, data }) => [type, (data as { wave: string }).wave])).toEqual(
    [1, 2, 3, 4].flatMap((n) => [['wave.started', `priority ${n}`], ['wave.ended', `priority ${n}`]]))
})

test('a pause lets the running targets finish and starts none; an abort takes back what was done', async () => {
  webs(4)
  const handle = await world.start(ship({ intervalMs: HOUR }))
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
  await handle.executeUpdate(pauseUpdate, ann)
  const before = lines('run').length
  for (let n = 0; n < 5; n += 1) await world.until(() => true, 0).then(() => world.sleep(3 * HOUR))
  expect([before, lines('run').length]).toEqual([1, 1])
  await handle.executeUpdate(resumeUpdate, ann)
  await world.until(({ stages }) => stages[0]?.fleet?.counts.succeeded === 2)
  await handle.executeUpdate(abortUpdate, ann)
  expect(await handle.result()).toMatchObject({ status: 'cancelled', leftOver: [] })
  expect(lines('undo').length).toBe(lines('run').length)
})
