import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { containerCall, containerWorld } from '../activities/container-world.js'
import { freePort } from '../testbed/component.js'
import { dockerComponent, occupy } from './containers-world.js'

let docker: Awaited<ReturnType<typeof dockerComponent>>
let engine: DockerEngine
beforeAll(async () => {
  docker = await dockerComponent()
  engine = new DockerEngine({ host: `unix://${docker.socket}` })
  for (const name of ['web:1.0.0', 'web:2.0.0']) await docker.sample(name)
})
const call = (service: string, version: string, more: JsonObject = {}) => containerCall(version, { service, image: `${docker.registry}/web:${version}`, health: { path: '/healthz', timeout: '20s' }, stopTimeout: '2s', ...more })
const of = (service: string) => engine.list({ 'releasectl.service': service })
const says = async (port: number): Promise<string> => fetch(`http://127.0.0.1:${port}`).then(async (answer) => (await answer.text()).split(' ')[0] ?? '', () => 'nothing')

test('a service with a network, limits and a volume is replaced and taken back to exactly its containers, though they and their image are gone and the tag has moved', async () => {
  const world = await containerWorld(engine)
  const [port, network] = [await freePort(), `net-${process.pid}`]
  await docker.docker('network', 'create', network)
  const parts = { ports: [`127.0.0.1:${port}:8080`], networks: [network, 'bridge'], volumes: [`data-${process.pid}:/data`], resources: { cpus: 0.5, memory: '64m', pids: 50 }, environment: { COLOUR: 'green' } }
  await world.release(call('exact', '1.0.0', parts))
  const [before] = await of('exact')
  const exact = await engine.copy(before?.name ?? '')
  expect(await says(port)).toBe('web:1.0.0')
  const now = await world.release(call('exact', '2.0.0', { ...parts, keep: 0, environment: { COLOUR: 'red' } }))
  expect(await says(port)).toBe('web:2.0.0')
  expect(await engine.inspect(before?.name ?? '')).toBeNull() // keep: 0
  await docker.docker('rmi', '-f', `${docker.registry}/web:1.0.0`)
  await docker.move(`${docker.registry}/web:1.0.0`, 'web:2.0.0')
  for (let times = 0; times < 2; times += 1) await world.rollback({ call: now.call, snapshot: now.snapshot })
  expect(await says(port)).toBe('web:1.0.0')
  expect(await engine.copy(before?.name ?? '')).toEqual(exact)
  expect((await of('exact')).map(({ name, environment, imageId }) => [name, environment['COLOUR'], imageId])).toEqual([[before?.name, 'green', before?.imageId]])
  await world.uninstall(now.call)
  await docker.docker('network', 'rm', network)
  await docker.sample('web:1.0.0')
})

test('replicas that start before the old ones stop answer at ports of their own', async () => {
  const world = await containerWorld(engine)
  await world.release(call('wide', '1.0.0', { ports: ['127.0.0.1::8080'], replicas: 2 }))
  const { outputs, call: last } = await world.release(call('wide', '2.0.0', { ports: ['127.0.0.1::8080'], replicas: 2 }))
  const ports = outputs['ports'] as number[]
  expect([new Set(ports).size, await Promise.all(ports.map(says))]).toEqual([2, ['web:2.0.0', 'web:2.0.0']])
  expect((await of('wide')).map(({ name, status }) => `${name} ${status}`)).toEqual(['shop-wide-1.0.0-1 exited', 'shop-wide-1.0.0-2 exited', 'shop-wide-2.0.0-1 running', 'shop-wide-2.0.0-2 running'])
  await world.uninstall(last)
})

test('a port that a process or another container holds is told before the old version stops', async () => {
  const world = await containerWorld(engine)
  const [port, more] = [await freePort(), await freePort()]
  const { call: first } = await world.release(call('held', '1.0.0', { ports: [`127.0.0.1:${port}:8080`] }))
  const free = await occupy(more)
  const next = call('held', '2.0.0', { ports: [`127.0.0.1:${port}:8080`, `127.0.0.1:${more}:8081`] })
  await expect(world.release(next)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(new RegExp(`^port ${more} is taken by process ${process.pid} .*nothing was stopped or started$`)) as string })
  await free()
  const { call: other } = await world.release(call('other', '1.0.0', { ports: [`127.0.0.1:${more}:8080`] }))
  await expect(world.release(next)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(`port ${more} is taken by container shop-other-1.0.0-1 (image ${docker.registry}/web@sha256:`) as string })
  expect(await says(port)).toBe('web:1.0.0')
  for (const one of [first, other]) await world.uninstall(one)
})

test('an image that is not there and a login that is wrong fail before anything stops, in the registry\'s words', async () => {
  const world = await containerWorld(engine)
  const { call: first } = await world.release(call('kept', '1.0.0', { health: { stableFor: '100ms' } }))
  await expect(world.release(call('kept', '9.9.9', { health: {} }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/web:9\.9\.9.*manifest unknown/) as string })
  const image = `localhost:${docker.port['TESTBED_LOGIN_REGISTRY_PORT']}/web:2.0.0`
  const config = (password: string): string => JSON.stringify({ auths: { [image.split('/')[0] ?? '']: { auth: Buffer.from(`release:${password}`).toString('base64') } } })
  await expect(world.release(call('kept', '2.0.0', { image, registry: { dockerConfig: config('wrong') }, health: {} }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('the registry does not let this login in') as string })
  expect((await of('kept')).map(({ name, status }) => `${name} ${status}`)).toEqual(['shop-kept-1.0.0-1 running'])
  await world.release(call('kept', '2.0.0', { image, registry: { dockerConfig: config('testbed-password') }, health: { stableFor: '100ms' } }))
  expect((await of('kept')).map(({ name, status }) => `${name} ${status}`)).toEqual(['shop-kept-1.0.0-1 exited', 'shop-kept-2.0.0-1 running'])
  await world.uninstall(first)
})

test('a container\'s own health check decides, and its no is told', async () => {
  const world = await containerWorld(engine)
  const check = (command: string): JsonObject => ({ health: { timeout: '30s' }, healthcheck: { command, interval: '1s', timeout: '1s', retries: 2 } })
  const { call: good } = await world.release(call('checked', '1.0.0', check('wget -q -O - http://127.0.0.1:8080/healthz')))
  await expect(world.release(call('checked', '2.0.0', check('echo the database is away; exit 1')))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('is unhealthy (its health check says: the database is away)') as string })
  expect((await of('checked')).map(({ status, health }) => [status, health])).toEqual([['running', 'healthy'], ['running', 'unhealthy']])
  await world.uninstall(good)
})

test('what a version writes while it starts, and how far its image is, are in the release\'s log', async () => {
  const world = await containerWorld(engine)
  const { call: one } = await world.release(call('logged', '2.0.0', { ports: ['127.0.0.1::8080'], health: { stableFor: '1s' } })) // it writes before it is healthy, its engine knows a moment later
  expect(world.logs.text('shop-logged-2.0.0-1 stdout')).toBe('listening as web:2.0.0\n')
  expect(world.logs.text('info')).toMatch(/web@sha256:.*\n(.*\n)*shop-logged-2\.0\.0-1: healthy\nshop-logged-2\.0\.0-1 takes \d/)
  await world.uninstall(one)
})
