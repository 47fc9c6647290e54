import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterEach, expect, test } from 'vitest'
import type { JobCall, RolloutActivities, UndoCall } from '../../activities/contract.js'
import { placesOn } from '../../activities/places.js'
import { createRolloutActivities } from '../../activities/rollout/index.js'
import { InstallationKey } from '../../config/key.js'
import type { JsonObject } from '../../domain/json.js'
import { LocalHost } from '../../drivers/hosts/local.js'
import { MemoryTraffic } from '../../drivers/traffic/memory.js'
import type { Side } from '../../drivers/traffic/port.js'
import { onSmallDisk } from './full-disk.js'
import { callOf, SECRETS } from './kind-world.js'

const SERVER = `
  console.log('token ' + process.env.TOKEN)
  if (process.env.BROKEN) { console.error('cannot start: bad token ' + process.env.TOKEN); process.exit(9) }
  require('http').createServer((request, response) => {
    response.statusCode = request.url === '/health' ? 200 : 404
    response.end(process.env.RELEASE_VERSION)
  }).listen(process.env.PORT, '127.0.0.1')`

const started: { host: LocalHost; key: string }[] = []
const stopStarted = async (): Promise<void> => { for (const { host, key } of started.splice(0)) await host.stop(key, 0) }
afterEach(stopStarted)

/** One host with real processes, and a gateway that carries no traffic. */
async function rolloutWorld(home?: string) {
  const host = new LocalHost({ home: home ?? await mkdtemp(join(tmpdir(), 'releasectl-home-')) })
  const traffic = new MemoryTraffic()
  const blind = Object.defineProperty(new MemoryTraffic(), 'metrics', { value: undefined })
  const key = new InstallationKey(randomBytes(32))
  const stored = new Map<string, string>()
  const activities = createRolloutActivities({
    places: placesOn(host), key, gateways: { edge: traffic, blind }, resolveSecret: async (reference) => SECRETS[reference] ?? '',
    snapshots: { save: async (sealed) => { stored.set('d', sealed); return 'd' }, find: async (digest) => stored.get(digest) ?? null },
  })
  const run = async <Name extends keyof typeof activities>(name: Name, input: Parameters<RolloutActivities[Name]>[0]): Promise<Awaited<ReturnType<RolloutActivities[Name]>>> => {
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000, heartbeatTimeoutMs: 900 }, { logger: new DefaultLogger('ERROR') })
    const result: unknown = await environment.run(activities[name] as unknown as (given: unknown) => Promise<unknown>, input)
    return result as Awaited<ReturnType<RolloutActivities[Name]>>
  }
  /** As a finished release leaves it. */
  const released = async (version: string, environment: JsonObject = {}): Promise<{ call: JobCall; side: Side }> => {
    const call = rolloutCall(version, environment)
    const { snapshot, stable } = await run('rollout.snapshot', call)
    const { candidate } = await deployed(call)
    await run('rollout.setSplit', { call, stable, candidate, percent: 100, sticky: null })
    await run('rollout.finish', { call, candidate, stable })
    return { call: { ...call, variables: { snapshot: { ...snapshot } } }, side: candidate }
  }
  const deployed = async (call: JobCall) => {
    started.push({ host, key: `shop/${call.release.releaseId}` })
    return run('rollout.deploy', call)
  }
  return { host, traffic, key, run, released, deployed }
}

function rolloutCall(version: string, environment: JsonObject = {}, health: JsonObject = {}): JobCall {
  const call = callOf('rollout', {
    service: 'shop', route: { gateway: 'edge', name: 'shop', listen: { port: 8000 } },
    deploy: { type: 'process', command: [process.execPath, '-e', SERVER], port: 0, drain: '1s', environment: { TOKEN: { $late: [{ secret: 'env:TOKEN' }] }, ...environment }, health: { path: '/health', expectedStatus: 200, timeout: '10s', ...health } },
    strategy: { type: 'canary', phases: [{ percentage: 100, minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4 }] },
  })
  return { ...call, release: { ...call.release, version } }
}
const answer = async (side: Side): Promise<string | null> => fetch(side.url).then((response) => response.text(), () => null)

test('a candidate is started once, healthy and known by its release', async () => {
  const { host, deployed } = await rolloutWorld()
  const call = rolloutCall('2.0.0')
  const [first, second] = [await deployed(call), await deployed(call)]
  expect(second).toEqual(first)
  expect(first.candidate).toEqual({ id: call.release.releaseId, version: '2.0.0', url: `http://127.0.0.1:${Number(first.outputs['port'])}` })
  expect(await answer(first.candidate)).toBe('2.0.0')
  expect(await host.tail(`shop/${call.release.releaseId}`, 100)).toBe('token hunter2hunter2\n')
})

test('a candidate that ends before it is healthy fails with its last words, without secrets', async () => {
  const { deployed } = await rolloutWorld()
  await expect(deployed(rolloutCall('2.0.0', { BROKEN: '1' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/exit code 9 before it was healthy[^]*cannot start: bad token \*\*\*/) as string })
})

test('a candidate that never becomes healthy fails with what it answered', async () => {
  const { deployed } = await rolloutWorld()
  await expect(deployed(rolloutCall('2.0.0', {}, { path: '/nothing', timeout: '1s' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('not healthy after 1s: expected status 200, got 404') as string })
})

test('a rollout that ends well leaves the candidate as the stable side and the old one stopped', async () => {
  const { traffic, released } = await rolloutWorld()
  const old = await released('1.0.0')
  const now = await released('2.0.0')
  expect(await traffic.read('shop')).toMatchObject({ stable: now.side, candidate: null, percent: 0, listen: { port: 8000 } })
  expect(await answer(now.side)).toBe('2.0.0')
  expect(await answer(old.side)).toBeNull()
})

test('a dry run tells what would start and where traffic would go, and changes nothing', async () => {
  const { traffic, run, released } = await rolloutWorld()
  const first = rolloutCall('1.0.0')
  expect(await run('rollout.preview', first)).toEqual([
    { what: 'shop as a process', action: 'create', before: null, after: '1.0.0 beside it, until it takes all traffic' },
    { what: 'route edge/shop', action: 'create', before: null, after: '100% to 1.0.0' },
  ])
  const { side } = await released('1.0.0', { COLOUR: 'green' })
  const before = await traffic.read('shop')
  expect(await run('rollout.preview', rolloutCall('2.0.0', { COLOUR: 'red', TOKEN: 'plain by now' }))).toEqual([
    {
      what: 'shop as a process', action: 'create', before: `1.0.0 at ${side.url}`, after: '2.0.0 beside it, until it takes all traffic',
      diff: '-env COLOUR=green\n+env COLOUR=red\n-env TOKEN=***\n+env TOKEN=***',
    },
    { what: 'route edge/shop', action: 'update', before: '1.0.0', after: '100% to 2.0.0' },
  ])
  expect(await traffic.read('shop')).toEqual(before)
})

test('a dry run tells that a gateway without counters cannot judge what the plan asks for', async () => {
  const { run } = await rolloutWorld()
  const judged = (gateway: string, criteria: JsonObject): JobCall => callOf('gateway', { gateway, route: 'web', candidate: { url: 'http://127.0.0.1:8' }, strategy: { type: 'canary', phases: [{ percentage: 10, successCriteria: criteria }] } })
  const traffic = async (call: JobCall) => (await run('rollout.preview', call)).map(({ after }) => after)
  expect(await traffic(judged('blind', { errorRate: '<1%' }))).toEqual(['100% to 2.4.0; blind keeps no counters: its successCriteria will be inconclusive, judge by analysis'])
  expect(await traffic(judged('blind', {}))).toEqual(['100% to 2.4.0'])
  expect(await traffic(judged('edge', { errorRate: '<1%' }))).toEqual(['100% to 2.4.0'])
})

test('another hand that moved the percent is noticed before the next step', async () => {
  const { traffic, run, released, deployed } = await rolloutWorld()
  const { side: stable } = await released('1.0.0')
  const call = rolloutCall('2.0.0')
  const { candidate } = await deployed(call)
  await run('rollout.setSplit', { call, stable, candidate, percent: 10, sticky: null })
  await traffic.setSplit('shop', { stable, candidate, percent: 40, sticky: null })
  await expect(run('rollout.setSplit', { call, stable, candidate, percent: 50, sticky: null, expectedPercent: 10 }))
    .rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'route shop of gateway edge is at 40%, this release left it at 10%: somebody else has changed it' })
  await traffic.setSplit('shop', { stable, candidate, percent: 50, sticky: null })
  await run('rollout.setSplit', { call, stable, candidate, percent: 50, sticky: null, expectedPercent: 10 }) // its own change, whose answer was lost
})

test('a finished rollout is taken back: the old version runs again, gets the traffic, and the new one stops', async () => {
  const { traffic, run, released } = await rolloutWorld()
  const old = await released('1.0.0')
  const before = await traffic.read('shop')
  const now = await released('2.0.0')
  const undo: UndoCall = { call: now.call, snapshot: now.call.variables['snapshot'] as never }
  await expect(run('rollout.removeCandidate', undo)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('still sends 100%') as string })
  await expect(run('rollout.restoreRoute', undo)).rejects.toMatchObject({ type: 'TARGET_NOT_READY', nonRetryable: false })
  expect(await traffic.read('shop')).toMatchObject({ stable: now.side })
  for (let times = 0; times < 2; times += 1) {
    await run('rollout.reviveStable', undo)
    await run('rollout.restoreRoute', undo)
    await run('rollout.removeCandidate', undo)
  }
  expect(await traffic.read('shop')).toEqual(before)
  expect(await answer(old.side)).toBe('1.0.0')
  expect(await answer(now.side)).toBeNull()
})

test('the first release of a service is taken back to no route at all', async () => {
  const { traffic, run, released } = await rolloutWorld()
  const { call, side } = await released('1.0.0')
  const undo: UndoCall = { call, snapshot: call.variables['snapshot'] as never }
  await run('rollout.restoreRoute', undo)
  await run('rollout.removeCandidate', undo)
  expect(await traffic.read('shop')).toBeNull()
  expect(await answer(side)).toBeNull()
})

test('a snapshot tells nobody what the old version was started with', async () => {
  const { key, run, released } = await rolloutWorld()
  await released('1.0.0')
  const { snapshot } = await run('rollout.snapshot', rolloutCall('2.0.0'))
  expect(JSON.stringify(snapshot)).not.toContain('hunter2')
  expect(key.open((snapshot as { sealed: string }).sealed)).toContain('hunter2hunter2')
})

test('a route that somebody else has changed is left alone', async () => {
  const { traffic, run, released } = await rolloutWorld()
  await released('1.0.0')
  const call = rolloutCall('2.0.0')
  const { snapshot, stable } = await run('rollout.snapshot', call)
  const other: Side = { id: 'other', version: '9.9.9', url: 'http://127.0.0.1:9' }
  await traffic.setSplit('shop', { stable: other, candidate: null, percent: 0, sticky: null })
  const candidate: Side = { id: call.release.releaseId, version: '2.0.0', url: 'http://127.0.0.1:8' }
  await expect(run('rollout.setSplit', { call, stable, candidate, percent: 10, sticky: null })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/9\.9\.9.*not 1\.0\.0/) as string })
  await expect(run('rollout.restoreRoute', { call, snapshot })).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
  expect(await traffic.read('shop')).toMatchObject({ stable: other })
})

test('a gateway\'s no and its silence are told apart', async () => {
  const { traffic, run } = await rolloutWorld()
  const call = rolloutCall('2.0.0')
  const split = { call, stable: null, candidate: { id: call.release.releaseId, version: '2.0.0', url: 'http://127.0.0.1:8' }, percent: 10, sticky: null }
  traffic.refuseBecause = 'too many routes'
  await expect(run('rollout.setSplit', split)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'gateway edge refused route shop: too many routes' })
  traffic.unreachableBecause = 'the gateway is down'
  await expect(run('rollout.setSplit', split)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
})

test('the old version is stopped only when its requests are done', async () => {
  const { traffic, run, released, deployed } = await rolloutWorld()
  const old = await released('1.0.0')
  const call = rolloutCall('2.0.0')
  call.config = { ...call.config, deploy: { ...call.config['deploy'] as JsonObject, drain: '20s' } }
  const { candidate } = await deployed(call)
  traffic.underWay('shop', old.side.id, 1)
  let finished = false
  const finish = run('rollout.finish', { call, candidate, stable: old.side }).then(() => { finished = true })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect([await answer(old.side), finished]).toEqual(['1.0.0', false])
  traffic.underWay('shop', old.side.id, 0)
  await finish
  expect(await answer(old.side)).toBeNull()
})

test('a gateway job moves a route to a version that is not ours and puts it back', async () => {
  const { traffic, run } = await rolloutWorld()
  const stable: Side = { id: 'blue', version: '1', url: 'http://127.0.0.1:9' }
  await traffic.setSplit('web', { stable, candidate: null, percent: 0, sticky: null })
  const call = callOf('gateway', { gateway: 'edge', serviceId: 'web', candidate: { url: 'http://127.0.0.1:8' } })
  const { snapshot } = await run('rollout.snapshot', call)
  const candidate: Side = { id: call.release.releaseId, version: '2', url: 'http://127.0.0.1:8' }
  expect(await run('rollout.setSplit', { call, stable, candidate, percent: 30, sticky: null })).toMatchObject({ split: { percent: 30, stable, candidate } })
  await run('rollout.finish', { call, candidate, stable })
  expect(await traffic.read('web')).toMatchObject({ stable: candidate, candidate: null, percent: 0 })
  await expect(run('rollout.restoreRoute', { call, snapshot })).rejects.toMatchObject({ type: 'TARGET_NOT_READY', message: expect.stringContaining('1 at http://127.0.0.1:9 does not answer') as string })
})

test('on a full disk a candidate is refused in the disk\'s words and nothing is left of it; with room the same call starts it', async () => {
  await onSmallDisk(async (small, fill) => { try {
    const { traffic, run, released, deployed } = await rolloutWorld(join(small, 'home'))
    const old = await released('1.0.0')
    const before = await traffic.read('shop')
    const call = rolloutCall('2.0.0')
    const undo = { call, snapshot: (await run('rollout.snapshot', call)).snapshot }
    await fill()
    await expect(deployed(call)).rejects.toMatchObject({ type: 'TARGET_REFUSED', nonRetryable: true, message: expect.stringMatching(/^this machine could not start shop\/r-0.*, whose record lies in .*: ENOSPC: no space left on device/) as string })
    for (const name of ['rollout.reviveStable', 'rollout.restoreRoute', 'rollout.removeCandidate'] as const) await run(name, undo)
    expect([await traffic.read('shop'), await answer(old.side)]).toEqual([before, '1.0.0'])
    await rm(join(small, 'fill'))
    expect(await answer((await deployed(call)).candidate)).toBe('2.0.0')
    await fill()
    await run('rollout.removeCandidate', undo)
  } finally { await stopStarted() } })
})

test('a disk that is full once the release is to be taken back: what cannot be started is named, and with room the same undo ends it', async () => {
  await onSmallDisk(async (small, fill) => { try {
    const { traffic, run, released, deployed } = await rolloutWorld(join(small, 'home'))
    const old = await released('1.0.0')
    const before = await traffic.read('shop')
    const call = rolloutCall('2.0.0')
    const { snapshot, stable } = await run('rollout.snapshot', call)
    const { candidate } = await deployed(call)
    await run('rollout.setSplit', { call, stable, candidate, percent: 100, sticky: null })
    await run('rollout.finish', { call, candidate, stable })
    await fill()
    await expect(run('rollout.reviveStable', { call, snapshot })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(new RegExp(`^this machine could not start shop/${old.call.release.releaseId}, .*no space left on device`)) as string })
    expect(await answer(candidate)).toBe('2.0.0')
    await rm(join(small, 'fill'))
    for (const name of ['rollout.reviveStable', 'rollout.restoreRoute', 'rollout.removeCandidate'] as const) await run(name, { call, snapshot })
    expect([await traffic.read('shop'), await answer(old.side), await answer(candidate)]).toEqual([before, '1.0.0', null])
  } finally { await stopStarted() } })
})
