import { randomBytes } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { Value } from 'typebox/value'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { JobCall, RolloutActivities, UndoCall } from '../../activities/contract.js'
import { placesOn } from '../../activities/places.js'
import { createRolloutActivities } from '../../activities/rollout/index.js'
import { InstallationKey } from '../../config/key.js'
import { failure } from '../../domain/failures.js'
import { shortDigest } from '../../domain/image-reference.js'
import type { JsonObject } from '../../domain/json.js'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import type { Side } from '../../drivers/traffic/port.js'
import { ContainerDeploy } from '../../plan/kinds/rollout.js'
import { callOf, MemoryLog, SECRETS } from '../activities/kind-world.js'
import { EdgeProcess, freePort } from '../edge/edge-process.js'
import { dockerComponent, occupy } from './containers-world.js'

let docker: Awaited<ReturnType<typeof dockerComponent>>
let edge: EdgeProcess
let token = ''
beforeAll(async () => {
  [docker, edge] = await Promise.all([dockerComponent(), EdgeProcess.start()])
  token = await edge.token()
  for (const name of ['shop:1.0.0', 'shop:2.0.0']) await docker.sample(name)
})
afterAll(() => edge.dispose())
const services: string[] = []
afterEach(async () => {
  const engine = new DockerEngine({ host: `unix://${docker.socket}` })
  for (const service of services.splice(0)) for (const { name } of await engine.list({ 'releasectl.service': service })) await engine.remove(name)
})

/** A service of its own on the real engine behind the real gateway. */
async function world(engine = new DockerEngine({ host: `unix://${docker.socket}` })) {
  const service = `shop-${randomBytes(4).toString('hex')}`
  services.push(service)
  const [traffic, logs, listen] = [new EdgeTraffic({ url: edge.controlUrl, token }), new MemoryLog(), await freePort()]
  const activities = createRolloutActivities({
    places: placesOn(null as never, undefined, async () => engine), gateways: { edge: traffic }, key: new InstallationKey(randomBytes(32)), resolveSecret: async (reference) => SECRETS[reference] ?? '', logs,
    snapshots: { save: async () => '', find: async () => null },
  })
  const run = async <Name extends keyof typeof activities>(name: Name, input: Parameters<RolloutActivities[Name]>[0]): Promise<Awaited<ReturnType<RolloutActivities[Name]>>> => {
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 120_000, heartbeatTimeoutMs: 6000 }, { logger: new DefaultLogger('ERROR') })
    const result: unknown = await environment.run(activities[name] as unknown as (given: unknown) => Promise<unknown>, input)
    return result as Awaited<ReturnType<RolloutActivities[Name]>>
  }
  const call = (version: string, more: JsonObject = {}): JobCall => {
    const deploy = Value.Default(ContainerDeploy, {
      type: 'container', image: `${docker.registry}/shop:${version}`, port: 8080, drain: '1s', health: { path: '/healthz', timeout: '20s' }, environment: { TOKEN: { $late: [{ secret: 'env:TOKEN' }] } }, ...more,
    }) as JsonObject
    const made = callOf('rollout', { service, deploy, route: { gateway: 'edge', name: service, listen: { port: listen } }, strategy: { type: 'canary', phases: [{ percentage: 100, minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4 }] } })
    return { ...made, release: { ...made.release, version } }
  }
  /** From the snapshot to the end, by these percents. */
  const release = async (one: JobCall, percents = [100]): Promise<{ undo: UndoCall; side: Side; seen: string[][] }> => {
    const { snapshot, stable } = await run('rollout.snapshot', one)
    const { candidate } = await run('rollout.deploy', one)
    const seen: string[][] = []
    for (const percent of percents) {
      await run('rollout.setSplit', { call: one, stable, candidate, percent, sticky: null })
      seen.push(await answers(listen, 60))
    }
    await run('rollout.finish', { call: one, candidate, stable })
    return { undo: { call: one, snapshot }, side: candidate, seen }
  }
  const states = async (): Promise<string[]> => (await engine.list({ 'releasectl.service': service })).map(({ labels, status }) => `${labels['releasectl.version']} ${status}`)
  return { engine, traffic, logs, listen, service, run, call, release, states }
}

/** What `count` clients are told, and by which version: `shop:1.0.0`. */
const answers = async (port: number, count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, async () => {
  const response = await fetch(`http://127.0.0.1:${port}/`)
  return response.ok ? (await response.text()).split(' ')[0] ?? '' : String(response.status)
}))

/** Clients that ask all the time until told to stop; answers what went wrong. */
function clients(port: number): { stop(): Promise<{ asked: number; wrong: string[] }> } {
  let on = true
  const counted = { asked: 0, wrong: [] as string[] }
  const one = async (): Promise<void> => {
    while (on) {
      counted.asked += 1
      const [answer = ''] = await answers(port, 1).catch((error: unknown) => [String(error)])
      if (!answer.startsWith('shop:')) counted.wrong.push(answer)
    }
  }
  const all = [one(), one(), one()]
  return { stop: async () => { on = false; await Promise.all(all); return counted } }
}

test.each([['canary', [10, 50, 100]], ['blue-green', [100]]])('a %s moves real traffic from container to container, and back to exactly the one before, without losing a request', async (_name, percents) => {
  const { engine, traffic, listen, call, release, run, states } = await world()
  const old = await release(call('1.0.0'))
  const [before, route] = [await engine.list({ 'releasectl.release': old.side.id }), await traffic.read(old.undo.call.config['service'] as string)]
  const asking = clients(listen)
  const now = await release(call('2.0.0'), percents)
  expect(now.seen.map((seen) => new Set(seen).size)).toEqual(percents.map((percent) => percent === 100 ? 1 : 2))
  expect(new Set(await answers(listen, 20))).toEqual(new Set(['shop:2.0.0']))
  expect(await states()).toEqual(['1.0.0 exited', '2.0.0 running'])
  for (let times = 0; times < 2; times += 1) for (const undo of ['rollout.reviveStable', 'rollout.restoreRoute', 'rollout.removeCandidate'] as const) await run(undo, now.undo)
  const { asked, wrong } = await asking.stop()
  expect({ many: asked > 100, wrong }).toEqual({ many: true, wrong: [] })
  expect(await states()).toEqual(['1.0.0 running', '2.0.0 exited'])
  expect(await engine.list({ 'releasectl.release': old.side.id })).toEqual(before) // the very same container
  expect({ ...await traffic.read(old.undo.call.config['service'] as string), revision: 0 }).toEqual({ ...route, revision: 0 })
})

test('taken back, a container and an image that are gone come back by digest where the route says, even if the tag has moved', async () => {
  const { engine, listen, call, release, run } = await world()
  const old = await release(call('1.0.0'))
  const [before] = await engine.list({ 'releasectl.release': old.side.id })
  const now = await release(call('2.0.0'))
  await engine.remove(before?.name ?? '')
  await docker.docker('image', 'rm', '-f', before?.imageId ?? '')
  await docker.move(`${docker.registry}/shop:1.0.0`, 'shop:2.0.0')
  for (const undo of ['rollout.reviveStable', 'rollout.restoreRoute', 'rollout.removeCandidate'] as const) await run(undo, now.undo)
  const [after] = await engine.list({ 'releasectl.release': old.side.id })
  expect({ ...after, id: '', createdAt: '' }).toEqual({ ...before, id: '', createdAt: '' })
  expect(new Set(await answers(listen, 10))).toEqual(new Set(['shop:1.0.0']))
  await docker.sample('shop:1.0.0')
})

test('a worker killed between making and starting leaves a container that the next try adopts', async () => {
  class Killed extends DockerEngine { override async start(): Promise<never> { throw failure('TARGET_UNREACHABLE', 'killed here') } }
  const killed = await world(new Killed({ host: `unix://${docker.socket}` }))
  const one = killed.call('1.0.0')
  await expect(killed.run('rollout.deploy', one)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect(await killed.states()).toEqual(['1.0.0 created'])
  const [half] = await killed.engine.list({ 'releasectl.service': killed.service })
  const { run, engine } = await world()
  const [first, second] = await Promise.all([run('rollout.deploy', one), run('rollout.deploy', one)])
  expect(second).toEqual(first)
  expect(first.outputs).toMatchObject({ container: half?.name, port: half?.ports[0]?.host, digest: expect.stringMatching(/^sha256:/) as string })
  expect((await engine.list({ 'releasectl.service': killed.service })).map(({ id, status }) => [id, status])).toEqual([[half?.id, 'running']])
})

test('several tries at the same moment make one container', async () => {
  for (let times = 0; times < 4; times += 1) {
    const { run, call, states } = await world()
    const one = call('1.0.0')
    const [first, ...others] = await Promise.all([run('rollout.deploy', one), run('rollout.deploy', one), run('rollout.deploy', one)])
    for (const other of others) expect(other).toEqual(first)
    expect(await states()).toEqual(['1.0.0 running'])
  }
})

test('a bad version fails with its last words, without secrets; the old one keeps all its traffic', async () => {
  const { run, call, release, states, listen, logs } = await world()
  await release(call('1.0.0'))
  const bad = call('2.0.0', { command: ['/bin/sh', '-c', 'echo "no config, token $TOKEN"; exit 9'] })
  const { snapshot } = await run('rollout.snapshot', bad)
  await expect(run('rollout.deploy', bad)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/ended with exit code 9 before it was healthy[^]*no config, token \*\*\*/) as string })
  expect([...logs.chunks.keys()].map((key) => key.split('/')[2])).toEqual(expect.arrayContaining(['info', expect.stringMatching(/-2\.0\.0-1 stdout$/)]))
  expect(JSON.stringify([...logs.chunks.values()])).not.toContain('hunter2')
  await run('rollout.removeCandidate', { call: bad, snapshot })
  expect(await states()).toEqual(['1.0.0 running', '2.0.0 exited'])
  expect(new Set(await answers(listen, 10))).toEqual(new Set(['shop:1.0.0']))
})

test('a port of the machine that is taken is told with who holds it, and nothing was started', async () => {
  const { run, call, states } = await world()
  const hostPort = await freePort()
  const release = await occupy(hostPort)
  await expect(run('rollout.deploy', call('1.0.0', { hostPort }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(new RegExp(`port ${hostPort} is taken by process ${process.pid} \\(.+\\) on engine unix:.*: nothing was started`)) as string })
  expect(await states()).toEqual([])
  await release()
  await run('rollout.deploy', call('1.0.0', { hostPort }))
})

test('a dry run tells the digest, in what the new container differs, and who holds its port; nothing is pulled or made', async () => {
  const { engine, call, release, run, states } = await world()
  await release(call('1.0.0', { environment: { COLOUR: 'green', TOKEN: { $late: [{ secret: 'env:TOKEN' }] } } }))
  const digests = await Promise.all(['1.0.0', '2.0.0'].map(async (version) => shortDigest(await engine.resolve(`${docker.registry}/shop:${version}`, null))))
  const next = call('2.0.0', { environment: { COLOUR: 'red', TOKEN: { $late: [{ secret: 'env:OTHER' }] } } })
  const [started] = await run('rollout.preview', next)
  expect(started).toMatchObject({ action: 'create', after: `2.0.0, ${docker.registry}/shop:2.0.0 (${digests[1]}), beside it, until it takes all traffic` })
  expect(started?.diff?.split('\n')).toEqual([
    `-image ${docker.registry}/shop:1.0.0 (${digests[0]})`, `+image ${docker.registry}/shop:2.0.0 (${digests[1]})`, '-env COLOUR=green', '+env COLOUR=red', '-env TOKEN=***', '+env TOKEN=***',
  ])
  expect(await states()).toEqual(['1.0.0 running'])
  const [hostPort, image] = [await freePort(), `${docker.registry}/shop:none`]
  const free = await occupy(hostPort)
  await expect(run('rollout.preview', call('2.0.0', { hostPort }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(`port ${hostPort} is taken by process ${process.pid}`) as string })
  await free()
  await expect(run('rollout.preview', call('3.0.0', { image }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(image) as string })
})
