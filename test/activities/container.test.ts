import { expect, test } from 'vitest'
import { MemoryEngine } from '../../drivers/containers/memory.js'
import type { JsonObject } from '../../domain/json.js'
import { containerCall, containerWorld } from './container-world.js'

const V1 = 'registry.test/shop:1.0.0'
const V2 = 'registry.test/shop:2.0.0'

async function aWorld() {
  const engine = new MemoryEngine()
  engine.push(V1, 'one')
  engine.push(V2, 'two')
  return { engine, ...await containerWorld(engine) }
}
const call = (version: string, more: JsonObject = {}) => containerCall(version, { image: `registry.test/shop:${version}`, environment: { TOKEN: { $late: [{ secret: 'env:TOKEN' }] } }, health: { stableFor: '10ms' }, stopTimeout: '1s', ...more })
const states = async (engine: MemoryEngine): Promise<string[]> => (await engine.list({})).map(({ name, status }) => `${name} ${status}`)

test('a new version runs by digest beside the old one until it is healthy, then the old one stops', async () => {
  const { engine, release } = await aWorld()
  await release(call('1.0.0'))
  const { outputs } = await release(call('2.0.0'))
  expect(engine.history).toEqual(['create shop-1.0.0-1', 'start shop-1.0.0-1', 'create shop-2.0.0-1', 'start shop-2.0.0-1', 'stop shop-1.0.0-1'])
  expect(outputs).toMatchObject({ containers: ['shop-2.0.0-1'], digest: engine.registry.get(V2)?.digest, tagMoved: false })
  expect((await engine.inspect('shop-2.0.0-1'))?.image).toBe(`registry.test/shop@${engine.registry.get(V2)?.digest ?? ''}`)
})

test('where the new version needs the port of the old one, the old one stops first', async () => {
  const { engine, release } = await aWorld()
  await release(call('1.0.0', { ports: ['8080:80'] }))
  await release(call('2.0.0', { ports: ['8080:80'] }))
  expect(engine.history).toEqual(['create shop-1.0.0-1', 'start shop-1.0.0-1', 'stop shop-1.0.0-1', 'create shop-2.0.0-1', 'start shop-2.0.0-1'])
})

test('a port that somebody else holds is told before anything stops', async () => {
  const { engine, release } = await aWorld()
  await release(call('1.0.0', { ports: ['8080:80'] }))
  engine.taken.set(8081, 'process 7 (nginx)')
  await expect(release(call('2.0.0', { ports: ['8080:80', '8081:81'] }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'port 8081 is taken by process 7 (nginx) on engine memory://engine: nothing was stopped or started' })
  expect(await states(engine)).toEqual(['shop-1.0.0-1 running'])
})

test('a release is taken back to exactly the containers before it, twice if need be', async () => {
  const { engine, release, rollback } = await aWorld()
  await release(call('1.0.0', { ports: ['8080:80'], replicas: 2 }))
  const before = await Promise.all(['shop-1.0.0-1', 'shop-1.0.0-2'].map((name) => engine.copy(name)))
  const now = await release(call('2.0.0', { ports: ['8080:80'] }))
  for (let times = 0; times < 2; times += 1) await rollback({ call: now.call, snapshot: now.snapshot })
  expect(await states(engine)).toEqual(['shop-1.0.0-1 running', 'shop-1.0.0-2 running'])
  expect(await Promise.all(['shop-1.0.0-1', 'shop-1.0.0-2'].map((name) => engine.copy(name)))).toEqual(before)
})

test('taken back, containers and images that are gone come back by digest, even if their tag has moved', async () => {
  const { engine, release, rollback } = await aWorld()
  await release(call('1.0.0', { keep: 0 }))
  const before = await engine.copy('shop-1.0.0-1')
  const now = await release(call('2.0.0', { keep: 0 }))
  expect([await engine.copy('shop-1.0.0-1'), await engine.image(before?.imageId ?? '')]).toEqual([null, null])
  const old = engine.registry.get(V1)?.digest ?? ''
  engine.registry.set('registry.test/shop:kept-in-registry', { digest: old, environment: {} })
  engine.push(V1, 'another one')
  await rollback({ call: now.call, snapshot: now.snapshot })
  expect(await engine.copy('shop-1.0.0-1')).toEqual(before)
  expect(await states(engine)).toEqual(['shop-1.0.0-1 running'])
})

test('the first release of a service is taken back to no container', async () => {
  const { engine, release, rollback } = await aWorld()
  const now = await release(call('1.0.0'))
  await rollback({ call: now.call, snapshot: now.snapshot })
  expect(await states(engine)).toEqual([])
})

test('a tag that moved between the snapshot and the act is noticed, said, and what was seen is deployed', async () => {
  const { engine, snapshot, execute, logs } = await aWorld()
  const one = call('2.0.0')
  const before = await snapshot(one)
  const seen = engine.registry.get(V2)?.digest ?? ''
  engine.registry.set('registry.test/shop:kept-in-registry', { digest: seen, environment: {} })
  engine.push(V2, 'pushed meanwhile')
  const { outputs, message } = await execute({ ...one, before })
  expect(outputs).toMatchObject({ digest: seen, tagMoved: true })
  expect(message).toContain(`${V2} has moved: it was ${seen.slice(0, 19)}`)
  expect(logs.text('info')).toContain('has moved')
})

test('a try after one that was killed at any moment adopts what is there, by the same digest', async () => {
  const { engine, release, execute } = await aWorld()
  const one = call('2.0.0', { replicas: 2 })
  await execute(one)
  const digest = engine.registry.get(V2)?.digest ?? ''
  engine.push(V2, 'pushed meanwhile')
  await engine.stop('shop-2.0.0-1')   // as if it had been made and not started
  await engine.remove('shop-2.0.0-2') // as if it had never been made
  engine.registry.set('registry.test/shop:kept-in-registry', { digest, environment: {} })
  const { outputs } = await release(one)
  expect(outputs).toMatchObject({ containers: ['shop-2.0.0-1', 'shop-2.0.0-2'], digest, tagMoved: true })
  expect(new Set((await engine.list({})).map(({ imageId }) => imageId)).size).toBe(1)
})

test('a container half made from other values is made anew, one of another release keeps its name', async () => {
  const { engine, execute } = await aWorld()
  await execute(call('2.0.0'))
  const one = call('2.0.0')
  await execute(one)
  expect(await states(engine)).toEqual(['shop-2.0.0-1 exited', 'shop-2.0.0-2 running'])
  await execute({ ...one, config: { ...one.config, environment: { COLOUR: 'green' } } })
  expect((await engine.inspect('shop-2.0.0-2'))?.environment).toMatchObject({ COLOUR: 'green' })
  expect((await engine.list({})).length).toBe(2)
})

test('a version that ends fails with its last words and without secrets; the old one was never stopped', async () => {
  const { engine, release } = await aWorld()
  await release(call('1.0.0'))
  engine.behaviour.set(`registry.test/shop@${engine.registry.get(V2)?.digest ?? ''}`, { writes: 'cannot start: bad token hunter2hunter2\n', exits: 9 })
  await expect(release(call('2.0.0'))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'container shop-2.0.0-1 ended with exit code 9. Its last words:\ncannot start: bad token ***' })
  expect(await states(engine)).toEqual(['shop-1.0.0-1 running', 'shop-2.0.0-1 exited'])
})

test('a version whose own health check says no fails in the check\'s words', async () => {
  const { engine, release } = await aWorld()
  engine.behaviour.set(`registry.test/shop@${engine.registry.get(V2)?.digest ?? ''}`, { health: 'unhealthy' })
  await expect(release(call('2.0.0', { healthcheck: { command: 'true', retries: 3 } }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('is unhealthy (its health check says: no)') as string })
})

test('earlier releases beyond those to keep go, with their images', async () => {
  const { engine, release } = await aWorld()
  for (const version of ['1.0.0', '2.0.0', '3.0.0', '4.0.0']) {
    engine.push(`registry.test/shop:${version}`, version)
    await release(call(version, { keep: 1 }))
  }
  expect(await states(engine)).toEqual(['shop-3.0.0-1 exited', 'shop-4.0.0-1 running'])
  expect([await engine.image(`registry.test/shop@${engine.registry.get(V1)?.digest ?? ''}`), await engine.image(`registry.test/shop@${engine.registry.get('registry.test/shop:3.0.0')?.digest ?? ''}`)]).toEqual([null, expect.anything()])
})

test('a dry run tells image, variables and ports from then to now, hides secrets and touches nothing', async () => {
  const { engine, release, preview } = await aWorld()
  await release(call('1.0.0', { ports: ['8080:80'], environment: { TOKEN: { $late: [{ secret: 'env:TOKEN' }] }, COLOUR: 'green' } }))
  const history = [...engine.history]
  const changes = await preview(call('2.0.0', { ports: ['8081:80'], environment: { TOKEN: 'no secret now', COLOUR: 'red' } }))
  expect(changes.map(({ what, action }) => `${action} ${what}`)).toEqual(['delete container shop-1.0.0-1', 'create container shop-2.0.0-1'])
  const [old, now] = [engine.registry.get(V1)?.digest.slice(0, 19), engine.registry.get(V2)?.digest.slice(0, 19)]
  expect(changes[1]?.diff?.split('\n')).toEqual(expect.arrayContaining([
    `-image ${V1} (${old})`, `+image ${V2} (${now})`, '-port 0.0.0.0:8080 → 80/tcp', '+port 0.0.0.0:8081 → 80/tcp', '-env COLOUR=green', '+env COLOUR=red', '-env TOKEN=***', '+env TOKEN=***',
  ]))
  expect(engine.history).toEqual(history)
})

test('values of a container that releasectl did not make are all hidden', async () => {
  const { engine, preview } = await aWorld()
  await engine.pull(V1, null, { progress: () => undefined })
  await engine.create({ name: 'by-hand', image: V1, command: null, entrypoint: null, environment: { PASSWORD: 'geheim' }, labels: {}, ports: [], restart: 'no', cpus: null, memoryBytes: null, pids: null, volumes: [], networks: [], aliases: [], healthcheck: null, user: null, workDir: null, log: { maxSize: '1m', maxFiles: 1 } })
  await engine.start('by-hand')
  const changes = await preview(call('2.0.0', { replace: ['by-hand'] }))
  expect(JSON.stringify(changes)).toContain('-env PASSWORD=***')
  expect(JSON.stringify(changes)).not.toContain('geheim')
})

test('a service is uninstalled with all its containers, and only its own', async () => {
  const { engine, release, uninstall } = await aWorld()
  await release(call('1.0.0'))
  const { call: last } = await release(call('2.0.0'))
  await release(call('1.0.0', { service: 'other' }))
  expect((await uninstall(last)).outputs).toEqual({ removed: ['shop-1.0.0-1', 'shop-2.0.0-1'] })
  expect(await states(engine)).toEqual(['shop-other-1.0.0-1 running'])
})

test('an engine that is away is told by its name and may be tried again', async () => {
  const { engine, release } = await aWorld()
  engine.unreachableBecause = 'it restarts'
  await expect(release(call('1.0.0'))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringContaining('memory://engine') as string })
})
