import { afterAll, beforeEach, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import { failure } from '../../domain/failures.js'
import type { JsonObject } from '../../domain/json.js'
import { abortUpdate, approveUpdate, pauseUpdate, resumeUpdate, retryUpdate, rollbackUpdate } from '../../workflows/messages.js'
import { HOUR, job, MINUTE, planOf, stage } from '../support/plan-builder.js'
import { DONE } from '../support/far-side.js'
import { closeWorlds, env, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const script = (name: string, more: Parameters<typeof job>[3] = {}) => job(name, 'script', {}, more)
const breaking = (...names: string[]) => (call: JobCall) => { if (names.includes(call.job)) throw failure('CHECK_FAILED', `${call.job} said no`); return DONE }
const statuses = (): Record<string, string> => Object.fromEntries(world.view?.stages.flatMap(({ jobs }) => jobs).map(({ name, status }) => [name, status]) ?? [])
const noAutoRollback = { options: { autoRollback: false, timeoutMs: null, onMetricOutage: 'hold', onInconclusive: 'ask' } } as const

test('a job starts as soon as what it depends on is done', async () => {
  const outcome = await world.run(planOf([stage('build', [script('pack', { dependsOn: ['test', 'lint'] }), script('test', { dependsOn: ['compile'] }), script('lint', { dependsOn: ['compile'] }), script('compile')])]))
  expect(outcome.status).toBe('succeeded')
  expect([world.trace[0], world.trace.slice(1, 3).sort(), world.trace[3]]).toEqual(['run compile', ['run lint', 'run test'], 'run pack'])
})

test('a stage that is not parallel runs its jobs one after the other, and stages follow each other', async () => {
  world.script = async ({ job: name }) => {
    await new Promise((resolve) => setTimeout(resolve, name === 'a' ? 200 : 20))
    world.trace.push(`done ${name}`)
    return DONE
  }
  await world.run(planOf([stage('first', [script('a'), script('b')], { parallel: false }), stage('second', [script('c')])]))
  expect(world.trace).toEqual(['run a', 'done a', 'run b', 'done b', 'run c', 'done c'])
})

test('a false condition skips the stage or the job; a true one runs it', async () => {
  const scope = { variables: { env: 'staging' }, metadata: {}, env: {}, includes: {} }
  await world.run(planOf([
    stage('build', [script('a')]),
    stage('never', [script('b')], { condition: 'variables.env == "production"' }),
    stage('some', [script('c', { condition: 'variables.env == "production"' }), script('d', { condition: 'jobs.a.status == "succeeded" && release.version == "2.4.0"' })]),
  ], { scope }))
  expect(world.trace).toEqual(['run a', 'run d'])
  expect(statuses()).toEqual({ a: 'succeeded', b: 'skipped', c: 'skipped', d: 'succeeded' })
  expect(world.view?.stages.map(({ status }) => status)).toEqual(['succeeded', 'skipped', 'succeeded'])
})

test('a condition that cannot be evaluated fails its job, and says so', async () => {
  const outcome = await world.run(planOf([stage('ship', [script('a', { condition: 'variables.nothing == 1' })])]))
  expect(outcome).toMatchObject({ status: 'rolled_back', reason: expect.stringContaining('condition of job a: cannot evaluate variables.nothing == 1') as string })
  expect(statuses()).toEqual({ a: 'failed' })
})

test('onError continue goes on after a failed job; what depends on it is skipped, near and far', async () => {
  world.script = breaking('a')
  const outcome = await world.run(planOf([stage('build', [script('a'), script('b', { dependsOn: ['a'] }), script('c', { dependsOn: ['b'] }), script('other')], { onError: 'continue' }), stage('ship', [script('d')])]))
  expect(outcome).toEqual({ status: 'succeeded', reason: null, leftOver: [] })
  expect(statuses()).toEqual({ a: 'failed', b: 'skipped', c: 'skipped', other: 'succeeded', d: 'succeeded' })
  expect(world.view?.stages.map(({ status }) => status)).toEqual(['failed', 'succeeded'])
})

test('a job that was skipped by its condition keeps nobody waiting', async () => {
  await world.run(planOf([stage('build', [script('a', { condition: 'false' }), script('b', { dependsOn: ['a'] })])]))
  expect(statuses()).toEqual({ a: 'skipped', b: 'succeeded' })
})

test('onError stop leaves all as it is, ends failed and lists what is left', async () => {
  world.script = breaking('b')
  await expect(world.run(planOf([stage('prepare', [script('a')]), stage('ship', [script('b')], { onError: 'stop' }), stage('later', [script('c')])]))).rejects.toThrow()
  expect(world.trace).toEqual(['run a', 'run b'])
  expect(world.view).toMatchObject({ status: 'failed', reason: 'b said no' })
  expect(world.view?.undo.map(({ what, state }) => [what, state])).toEqual([['a (script)', 'promised'], ['b (script)', 'promised']])
})

test('onError stop before anything acted is no failure: nothing is left half-way', async () => {
  world.script = breaking('smoke')
  const outcome = await world.run(planOf([stage('check', [script('smoke', { hasUndo: false, acts: false })], { onError: 'stop' })]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: 'smoke said no', leftOver: [] })
})

test('onError rollback takes everything back, last in first out', async () => {
  world.script = breaking('c')
  expect(await world.run(planOf([stage('prepare', [script('a'), script('b')], { parallel: false }), stage('ship', [script('c')])]))).toEqual({ status: 'rolled_back', reason: 'c said no', leftOver: [] })
  expect(world.trace).toEqual(['run a', 'run b', 'run c', 'undo script.rollback c', 'undo script.rollback b', 'undo script.rollback a'])
})

test('what comes after a failed job is not started, and so not undone', async () => {
  world.script = breaking('a')
  await world.run(planOf([stage('ship', [script('a'), script('b')], { parallel: false })]))
  expect(world.trace).toEqual(['run a', 'undo script.rollback a'])
  expect(statuses()).toEqual({ a: 'failed', b: 'pending' })
  expect(world.journal.filter(({ type, job: name }) => type === 'job.started' && name === 'b')).toEqual([])
})

test('a later job takes an earlier one\'s outputs', async () => {
  const calls: JsonObject[] = []
  world.script = ({ job: name, config }) => { calls.push(config); return name === 'build' ? { ...DONE, outputs: { image: 'shop:2.4.0', ports: [80, 443] } } : DONE }
  const config = { text: { $late: ['run ', { ref: 'jobs.build.outputs.image' }] }, ports: { $late: [{ ref: 'jobs.build.outputs.ports' }] }, token: { $late: [{ secret: 'env:TOKEN' }] } }
  await world.run(planOf([stage('build', [script('build')]), stage('ship', [job('ship', 'script', config)])]))
  expect(calls[1]).toEqual({ text: 'run shop:2.4.0', ports: [80, 443], token: { $late: [{ secret: 'env:TOKEN' }] } })
})

test('an output that is not there fails the job at once, by name', async () => {
  const config = { image: { $late: [{ ref: 'jobs.build.outputs.image' }] } }
  const outcome = await world.run(planOf([stage('build', [script('build')]), stage('ship', [job('ship', 'script', config, { retry: { attempts: 5, intervalMs: 1000, backoff: 2, maxIntervalMs: 5000 } })])]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: '${jobs.build.outputs.image}: job build (succeeded) gave no such output', leftOver: [] })
  expect(statuses()).toEqual({ build: 'undone', ship: 'failed' })
  expect(world.trace).toEqual(['run build', 'undo script.rollback build'])
})

test('a job is tried again after waits that grow up to their limit', async () => {
  world.script = ({ attempt }) => { if (attempt < 5) throw failure('CHECK_FAILED', `try ${attempt} said no`); return DONE }
  expect((await world.run(planOf([stage('ship', [script('a', { retry: { attempts: 5, intervalMs: 10_000, backoff: 3, maxIntervalMs: 60_000 } })])]))).status).toBe('succeeded')
  const times = world.journal.filter(({ type }) => type === 'job.retrying' || type === 'job.started').map(({ at }) => Date.parse(at))
  const waits = [1, 3, 5, 7].map((n) => Math.round(((times[n + 1] ?? 0) - (times[n] ?? 0)) / 10_000)) // in tens of seconds: the server's own time goes on as well
  expect(waits).toEqual([1, 3, 6, 6])
  expect(world.view?.stages[0]?.jobs[0]).toMatchObject({ attempt: 5, status: 'succeeded' })
  expect(world.undo).toHaveLength(1)
})

test('an abort between two tries ends the job failed, by what it failed with', async () => {
  world.script = breaking('a')
  const handle = await world.start(planOf([stage('ship', [script('a', { retry: { attempts: 5, intervalMs: HOUR, backoff: 1, maxIntervalMs: HOUR } })])]))
  await world.until(() => world.journal.some(({ type }) => type === 'job.retrying'))
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('cancelled')
  expect(world.view?.stages[0]?.jobs[0]).toMatchObject({ status: 'failed', message: 'a said no' })
  expect(world.journal.filter(({ type }) => type === 'job.ended')).toHaveLength(1)
})

test('a job that takes longer than its timeout has timed out', async () => {
  const outcome = await world.run(planOf([stage('ship', [job('pause', 'wait', { duration: '2h' }, { timeoutMs: 30 * MINUTE })])]))
  expect(outcome).toEqual({ status: 'rolled_back', reason: 'pause took longer than 30m', leftOver: [] })
  expect(world.journal.find(({ type }) => type === 'job.ended')?.data).toEqual({ status: 'failed', code: 'TIMED_OUT' })
})

test('a pause does not use up a job\'s time', async () => {
  const handle = await world.start(planOf([stage('ship', [job('pause', 'wait', { duration: '20m' }, { timeoutMs: 30 * MINUTE })])]))
  await world.until(({ waiting }) => waiting.length > 0)
  for (let n = 0; n < 2; n += 1) {
    await handle.executeUpdate(pauseUpdate, { args: [{ by: 'ann' }] })
    await env.sleep('12h')
    await handle.executeUpdate(resumeUpdate, { args: [{ by: 'ann' }] })
    await env.sleep('5m')
  }
  expect((await handle.result()).status).toBe('succeeded')
})

test('a condition job fails, goes on or skips the rest of its stage', async () => {
  const scope = { variables: { flag: true }, metadata: {}, env: {}, includes: {} }
  const asks = (expression: string, onTrue = 'continue', onFalse = 'fail') => job('check', 'condition', { expression, onTrue, onFalse })
  const failed = await world.run(planOf([stage('ship', [asks('!variables.flag')])], { scope }))
  expect(failed).toMatchObject({ status: 'rolled_back', reason: '!variables.flag is false' })
  await world.run(planOf([stage('ship', [asks('variables.flag', 'skip_stage'), script('a')], { parallel: false }), stage('next', [script('b')])], { scope }))
  expect(statuses()).toEqual({ check: 'succeeded', a: 'skipped', b: 'succeeded' })
  await world.run(planOf([stage('ship', [asks('variables.flag'), script('c')], { parallel: false })], { scope }))
  expect(statuses()).toEqual({ check: 'succeeded', c: 'succeeded' })
})

test('a wait lasts its time, until its moment or until its person', async () => {
  const lasted = (): number => Math.round((Date.parse(world.view?.endedAt ?? '') - Date.parse(world.view?.startedAt ?? '')) / MINUTE)
  await world.run(planOf([stage('ship', [job('pause', 'wait', { duration: '90m' })])]))
  expect(lasted()).toBe(90)
  const now = Date.parse(world.view?.endedAt ?? '')
  await world.run(planOf([stage('ship', [job('pause', 'wait', { until: new Date(now + 3 * HOUR).toISOString() })])]))
  expect(Math.round((Date.parse(world.view?.endedAt ?? '') - now) / MINUTE)).toBe(180)
  await world.run(planOf([stage('ship', [job('pause', 'wait', { until: '2020-01-01T00:00:00Z' })])]))
  expect(lasted()).toBe(0)
  const handle = await world.start(planOf([stage('ship', [job('pause', 'wait', { waitForApproval: true })])]))
  await world.until(({ waiting }) => waiting.some(({ what, where }) => what === 'approval' && where === 'ship/pause'))
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'anyone', door: 'api' }] })
  expect((await handle.result()).status).toBe('succeeded')
})

test('an approval job that is rejected ends the release rejected, whoever rolls back', async () => {
  for (const options of [{}, noAutoRollback]) {
    const handle = await world.start(planOf([stage('ship', [job('yes', 'approval', { approvers: ['lead'], groups: [], quorum: 1, allowAuthor: false, expires: '1h' })])], options))
    await world.until(({ approvals }) => approvals.length === 1)
    await handle.executeUpdate('reject', { args: [{ by: 'lead', door: 'api' }] })
    expect((await handle.result()).status).toBe('rejected')
  }
})

test('an analysis job measures for its time, hands on what it saw, and fails by it', async () => {
  const config = { source: 'prometheus', duration: '10m', minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4, queries: [{ name: 'lag', query: 'max(lag)', threshold: '< 5' }] }
  const asked: unknown[] = []
  world.judge = (_, { forMs, criteria }) => { asked.push({ forMs, criteria }); return { verdict: 'pass', reason: 'fine', measures: { lag: 2 }, requests: null, checks: 3 } }
  await world.run(planOf([stage('watch', [job('lag', 'analysis', config)])]))
  expect(asked).toEqual([{ forMs: 10 * MINUTE, criteria: [{ name: 'lag', query: 'max(lag)', threshold: { comparison: '<', value: 5, unit: 'plain' } }] }])
  expect(world.view?.stages[0]?.jobs[0]?.outputs).toEqual({ lag: 2 })
  world.judge = () => ({ verdict: 'fail', reason: 'lag 9 not <5', measures: { lag: 9 }, requests: null, checks: 1 })
  expect(await world.run(planOf([stage('watch', [job('lag', 'analysis', config)])]))).toMatchObject({ status: 'rolled_back', reason: 'lag 9 not <5' })
})

const reverting = (...jobs: string[]) => ({ rollback: [stage('revert', jobs.map((name) => script(name, { hasUndo: false })), { phase: 'rollback' })] })

test('the plan\'s rollback stages run after the undos, even after one that failed', async () => {
  world.script = breaking('b')
  const plan = planOf([stage('prepare', [script('a')]), stage('ship', [script('b')])], reverting('flush'))
  expect((await world.run(plan)).status).toBe('rolled_back')
  expect(world.trace.slice(-3)).toEqual(['undo script.rollback b', 'undo script.rollback a', 'run flush'])
  world.failingUndos.add('script.rollback')
  await expect(world.run(plan)).rejects.toThrow()
  expect(world.trace.at(-1)).toBe('run flush')
})

test('a rollback stage may bear the names of the release\'s own stages and jobs', async () => {
  world.script = breaking('b')
  const plan = planOf([stage('ship', [script('a'), script('b')], { parallel: false })], { rollback: [stage('ship', [script('a', { hasUndo: false })], { phase: 'rollback' })] })
  expect((await world.run(plan)).status).toBe('rolled_back')
  expect(world.view?.stages.map(({ phase, status }) => [phase, status])).toEqual([['release', 'failed'], ['rollback', 'succeeded']])
})

test('a rollback stage that fails leaves something to do', async () => {
  world.script = breaking('a', 'flush')
  await expect(world.run(planOf([stage('ship', [script('a')])], reverting('flush')))).rejects.toMatchObject({ cause: { type: 'UNDO_FAILED', message: 'a said no. Left: rollback stage revert (flush said no): Do by hand what the rollback stage revert of the plan says.' } })
})

test('without autoRollback a failed job waits for a person: retry tries it again', async () => {
  let broken = true
  world.script = (call) => { if (broken) throw failure('CHECK_FAILED', `${call.job} said no`); return DONE }
  const handle = await world.start(planOf([stage('ship', [script('a')])], noAutoRollback))
  const view = await world.until(({ waiting }) => waiting.some(({ what }) => what === 'failure'))
  expect(view.waiting).toMatchObject([{ what: 'failure', where: 'a', commands: ['retry', 'rollback', 'abort'], detail: 'a failed: a said no', until: null }])
  broken = false
  await handle.executeUpdate(retryUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.stages[0]?.jobs[0]?.attempt).toBe(2)
})

test('without autoRollback a failed job waits for a person: rollback and abort take back', async () => {
  world.script = breaking('a')
  for (const [update, status] of [[rollbackUpdate, 'rolled_back'], [abortUpdate, 'cancelled']] as const) {
    const handle = await world.start(planOf([stage('ship', [script('a')])], noAutoRollback))
    await world.until(({ waiting }) => waiting.some(({ what }) => what === 'failure'))
    await handle.executeUpdate(update, { args: [{ by: 'ann' }] })
    expect((await handle.result()).status).toBe(status)
    expect(world.view?.stages[0]?.jobs[0]).toMatchObject({ status: 'failed', message: 'a said no' })
    expect(world.trace.at(-1)).toBe('undo script.rollback a')
  }
})
