import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { DockerEngine } from '../../drivers/containers/docker.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import { containerCall, containerWorld } from '../activities/container-world.js'
import { StallingLine } from '../support/stalling-line.js'
import { ToxicLine } from '../support/toxic-line.js'
import { dockerComponent } from './containers-world.js'
import { until } from './containers.js'

// The real engine by TLS, and the real registry, each behind a line that is spoilt; `direct` sees what has become of it.
let docker: Awaited<ReturnType<typeof dockerComponent>>
let direct: DockerEngine
let engine: DockerEngine
let overLine: EngineConnection
let engineLine: ToxicLine
let registryLine: ToxicLine
beforeAll(async () => {
  docker = await dockerComponent()
  direct = new DockerEngine({ host: `unix://${docker.socket}` })
  engineLine = await ToxicLine.to(`127.0.0.1:${docker.port['TESTBED_DOCKER_TLS_PORT'] ?? 0}`)
  registryLine = await ToxicLine.to(`127.0.0.1:${docker.port['TESTBED_REGISTRY_PORT'] ?? 0}`)
  const pem = async (name: string): Promise<string> => readFile(join(docker.folder, 'docker/tls', `${name}.pem`), 'utf8')
  overLine = { host: `tcp://127.0.0.1:${engineLine.port}`, tls: { ca: await pem('ca'), cert: await pem('cert'), key: await pem('key') } }
  engine = new DockerEngine(overLine)
  await docker.sample('app:v1')
  const file = join(docker.folder, 'large')
  await writeFile(file, randomBytes(12 * 1024 ** 2))
  await docker.sample('large:v1', '--file', `${file}:large`)
  await docker.docker('rmi', '-f', `${docker.registry}/large:v1`)
})
afterEach(async () => { for (const line of [engineLine, registryLine]) await line.mend() })

const unreachable = (words: RegExp) => ({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(words) as string })
const byName = (): RegExp => new RegExp(`^engine tcp://127\\.0\\.0\\.1:${engineLine.port} `)
const states = async (service: string): Promise<string[]> => (await direct.list({ 'releasectl.service': service })).map(({ name, status }) => `${name} ${status}`)
const newService = (): string => `spoilt-${randomBytes(4).toString('hex')}`

test('an engine whose line is cut is unreachable by its name, and answers the same call afterwards', async () => {
  await engine.about()
  await engineLine.cut()
  await expect(engine.about()).rejects.toMatchObject(unreachable(byName()))
  await engineLine.restore()
  expect(await engine.about()).toEqual(await direct.about())
})

test('however little of an answer comes, it is none', async () => {
  const whole = await direct.about()
  let broken = 0
  for (let bytes = 300; ; bytes += 600) {
    await engineLine.spoil('limit_data', { bytes }, 'downstream')
    const answer: unknown = await engine.about().catch((error: unknown) => error)
    await engineLine.mend()
    if (!(answer instanceof Error)) { expect(answer).toEqual(whole); break }
    expect(answer).toMatchObject(unreachable(byName()))
    broken += 1
  }
  expect(broken).toBeGreaterThan(3)
})

test.each([['reset', () => engineLine.spoil('reset_peer', { timeout: 0 })], ['silent, then cut', () => engineLine.spoil('timeout', { timeout: 500 })]])('a line that is %s in the middle of a job: the same job afterwards adopts its container', async (_what, spoil) => {
  const world = await containerWorld(engine)
  const service = newService()
  const call = containerCall('1', { service, image: `${docker.registry}/app:v1`, health: { stableFor: '4s' }, stopTimeout: '1s' })
  const cut = expect(world.execute(call)).rejects.toMatchObject(unreachable(byName()))
  await until(async () => (await states(service)).some((state) => state.endsWith('running')))
  const [before] = await direct.list({ 'releasectl.service': service })
  await spoil()
  await cut
  await engineLine.mend()
  await world.execute(call, world.environment({ attempt: 2 }))
  expect((await direct.list({ 'releasectl.service': service })).map(({ id, status }) => [id, status])).toEqual([[before?.id, 'running']])
  await world.uninstall(call)
})

test('a slow line changes nothing', async () => {
  await engineLine.spoil('latency', { latency: 100, jitter: 50 })
  const world = await containerWorld(engine)
  const service = newService()
  const call = containerCall('1', { service, image: `${docker.registry}/app:v1`, health: { stableFor: '500ms' }, stopTimeout: '1s' })
  await world.execute(call)
  expect(await states(service)).toEqual([`shop-${service}-1-1 running`])
  await world.uninstall(call)
})

test('a registry that is cut in the middle of a layer leaves the old version running, and the same job afterwards ends it', async () => {
  const world = await containerWorld(direct)
  const service = newService()
  const job = (version: string, image: string) => containerCall(version, { service, image, health: { stableFor: '200ms' }, stopTimeout: '1s' })
  const old = job('1', `${docker.registry}/app:v1`)
  await world.execute(old)
  const call = job('2', `localhost:${registryLine.port}/large:v1`)
  await registryLine.spoil('bandwidth', { rate: 1500 }, 'downstream')
  const cut = expect(world.execute(call)).rejects.toMatchObject(unreachable(/could not pull localhost:\d+\/large@sha256:/))
  await until(async () => /large@\S+: \d+ of \d+ layers, [1-9]\d*\.\d of/.test(world.logs.text('info'))) // some MiB of the layer are there
  await registryLine.cut()
  await cut
  expect(await states(service)).toEqual([`shop-${service}-1-1 running`])
  await registryLine.mend()
  await registryLine.restore()
  await world.execute(call, world.environment({ attempt: 2 }))
  expect((await states(service)).sort()).toEqual([`shop-${service}-1-1 exited`, `shop-${service}-2-1 running`])
  await world.uninstall(call)
}, 120_000)

test('a registry of which half answers come is asked again another time; a slow one is waited for, with its progress', async () => {
  const image = `localhost:${registryLine.port}/large:v1`
  await registryLine.spoil('limit_data', { bytes: 120 }, 'downstream')
  for (const call of [() => direct.resolve(image, null), () => direct.pull(image, null, { progress: () => undefined })]) await expect(call()).rejects.toMatchObject(unreachable(/large:v1/))
  await registryLine.mend()
  await registryLine.spoil('bandwidth', { rate: 4000 }, 'downstream')
  const seen = new Set<number>()
  const { id } = await direct.pull(image, null, { progress: ({ bytes }) => { seen.add(bytes) } })
  expect(seen.size).toBeGreaterThan(1)
  await direct.removeImage(id, image.split(':v1')[0] ?? '')
}, 120_000)

test('an engine that takes the connection and says nothing ends each call by its limit: its name, what was tried, for how long', async () => {
  const impatient = new DockerEngine(overLine, { callMs: 300, silentPullMs: 400 })
  await engineLine.spoil('timeout', { timeout: 0 })
  const calls: [string, () => Promise<unknown>][] = [
    ['did not answer within 300ms: say what it is', () => impatient.about()], ['did not answer within 300ms: list its containers', () => impatient.list({})],
    ['did not answer within 300ms: look at container shop-1', () => impatient.inspect('shop-1')], ['did not answer within 300ms: start container shop-1', () => impatient.start('shop-1')],
    ['did not answer within 300ms: look at container shop-1', () => impatient.follow('shop-1', { output: () => undefined })],
    [`could not pull ${docker.registry}/app:v1: nothing came for 400ms`, () => impatient.pull(`${docker.registry}/app:v1`, null, { progress: () => undefined })],
  ]
  for (const [said, call] of calls) await expect(call()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: `engine ${engine.where} ${said}` })
})

test.each([['an answer', (one: DockerEngine): Promise<unknown> => one.about(), 'say what it is'], ['a no', (one: DockerEngine): Promise<unknown> => one.inspect('x'.repeat(400)), `look at container ${'x'.repeat(400)}`]])('however little of %s comes before the engine falls silent, the limit holds', async (_what, ask, doing) => {
  const line = new StallingLine(docker.socket)
  const host = `tcp://127.0.0.1:${await line.start()}`
  const whole = await ask(direct)
  try {
    let silent = 0
    for (; ; line.bytes += 150) {
      const answer: unknown = await ask(new DockerEngine({ host }, { callMs: 300 })).catch((error: unknown) => error)
      if (!(answer instanceof Error)) { expect(answer).toEqual(whole); break }
      expect(answer).toMatchObject({ type: 'TARGET_UNREACHABLE', message: `engine ${host} did not answer within 300ms: ${doing}` })
      silent += 1
    }
    expect(silent).toBeGreaterThan(3)
  } finally { line.stop() }
})

test.each([['the engine', () => engineLine], ['the registry', () => registryLine]])('a pull in the middle of which %s falls silent ends by its limit, and the same pull afterwards is whole', async (_who, spoilt) => {
  const image = `localhost:${registryLine.port}/large:v1`
  await registryLine.spoil('bandwidth', { rate: 2000 }, 'downstream')
  const impatient = new DockerEngine(overLine, { silentPullMs: 3000 })
  let isComing = false
  const cut = expect(impatient.pull(image, null, { progress: ({ bytes }) => { isComing ||= bytes > 0 } })).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: `engine ${engine.where} could not pull ${image}: nothing came for 3s` })
  await until(async () => isComing)
  await spoilt().spoil('timeout', { timeout: 0 })
  await cut
  for (const line of [engineLine, registryLine]) await line.mend()
  const { id } = await engine.pull(image, null, { progress: () => undefined })
  await direct.removeImage(id, image.split(':v1')[0] ?? '')
}, 120_000)
