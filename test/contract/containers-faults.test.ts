import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { containerCall, containerWorld } from '../activities/container-world.js'
import { dockerComponent } from './containers-world.js'
import { until } from './containers.js'

/** An engine beside the run's own, on a disk of 32 MiB, that may be killed. */
let docker: Awaited<ReturnType<typeof dockerComponent>>
let engine: DockerEngine
beforeAll(async () => {
  docker = await dockerComponent({ ports: [], settings: { TESTBED_DOCKER_ALONE: '1', TESTBED_DOCKER_DISK: '32m' } })
  engine = new DockerEngine({ host: `unix://${docker.socket}` })
  await docker.sample('app:v1')
})

test('a disk that is full is told as such, and what ran goes on', async () => {
  const world = await containerWorld(engine)
  const call = containerCall('1', { service: 'full', image: `${docker.registry}/app:v1`, health: { stableFor: '100ms' } })
  await world.release(call)
  const file = join(docker.folder, 'noise')
  await writeFile(file, randomBytes(12 * 1024 ** 2))
  await docker.sample('noise:v1', '--file', `${file}:noise`)
  await docker.docker('rmi', `${docker.registry}/noise:v1`)
  const ballast = join(docker.folder, 'docker/data/ballast')
  await docker.fill(ballast, 6 * 1024 ** 2)
  const next = containerCall('2', { service: 'full', image: `${docker.registry}/noise:v1` })
  await expect(world.release(next)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/^the disk of engine unix:.* is full: pull localhost:\d+\/noise@sha256:.*no space left on device/) as string })
  await docker.empty(ballast)
  expect((await engine.list({ 'releasectl.service': 'full' })).map(({ name, status }) => `${name} ${status}`)).toEqual(['shop-full-1-1 running'])
  await world.uninstall(call)
})

test('an engine that is killed half-way is TARGET_UNREACHABLE, and the next try adopts what it finds', async () => {
  const world = await containerWorld(engine)
  const call = containerCall('1', { service: 'web', image: `${docker.registry}/app:v1`, health: { stableFor: '5s' } })
  const cut = world.execute(call).then(() => null, (error: unknown) => error)
  await until(async () => (await engine.inspect('shop-web-1-1'))?.status === 'running')
  await docker.script('kill_engine')
  expect(await cut).toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  await docker.script('engine')
  const { outputs } = await world.execute(call)
  expect(outputs).toMatchObject({ containers: ['shop-web-1-1'] })
  expect((await engine.list({ 'releasectl.service': 'web' })).map(({ name, status }) => `${name} ${status}`)).toEqual(['shop-web-1-1 running'])
  await world.uninstall(call)
})

test('a gigabyte of output fills neither the engine\'s disk nor the release\'s log', async () => {
  const world = await containerWorld(engine)
  const call = containerCall('1', { service: 'loud', image: `${docker.registry}/app:v1`, command: ['/bin/sh', '-c', 'head -c 1000000000 /dev/zero | tr "\\0" x; echo; echo done; sleep 300'], logs: { maxSize: '1m', maxFiles: 2 }, health: { stableFor: '3s' }, stopTimeout: '1s' })
  await world.execute(call)
  await until(async () => (await engine.tail('shop-loud-1-1', 5)) === 'done\n')
  const kept = world.logs.text('shop-loud-1-1 stdout')
  expect(kept.length).toBeLessThan(2 * 1024 ** 2)
  expect(kept).toContain('wrote more than 1048576 bytes')
  await world.uninstall(call)
}, 120_000)
