import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerPort, ContainerSpec, LogChunk } from '../../drivers/containers/port.js'
import { parseImage, pinned } from '../../domain/image-reference.js'

/** One engine and what is around it. */
export interface EngineWorld {
  port: ContainerPort
  /** Nothing answers there. */
  unreachable: ContainerPort
  /** A registry has it: it answers over HTTP on 8080 where the engine is real, and writes `listening as app:v1`. */
  image: string
  /** The same, another version. */
  other: string
  /** Give a tag another content. */
  move(tag: string, to: string): Promise<void>
  /** Something that is no container takes a port of the engine's machine until the function is called. */
  occupy(port: number): Promise<() => Promise<void>>
  freePort(): Promise<number>
  stop(): Promise<void>
}

export function specOf(name: string, image: string, more: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name, image, command: null, entrypoint: null, environment: {}, labels: { 'releasectl.test': name }, ports: [], restart: 'no', cpus: null, memoryBytes: null, pids: null, volumes: [], networks: [],
    aliases: [], healthcheck: null, user: null, workDir: null, log: { maxSize: '10m', maxFiles: 3 }, ...more,
  }
}
export const until = async (check: () => Promise<boolean>): Promise<void> => { while (!await check()) await new Promise((resolve) => setTimeout(resolve, 100)) }
let names = 0
const newName = (): string => `contract-${process.pid}-${names += 1}`

/** What every container engine must do. */
export function containerContract(name: string, make: () => Promise<EngineWorld>): void {
  describe(`${name} keeps the contract of containers`, () => {
    let world: EngineWorld
    let byDigest = ''
    const used: string[] = []
    const spec = (more: Partial<ContainerSpec> = {}): ContainerSpec => {
      const made = newName()
      used.push(made)
      return specOf(made, byDigest, more)
    }
    const quiet = { progress: () => undefined }

    beforeAll(async () => {
      world = await make()
      const image = parseImage(world.image)
      if (!image) throw new Error(`no image: ${world.image}`)
      byDigest = pinned(image, await world.port.resolve(world.image, null))
      await world.port.pull(byDigest, null, quiet)
    })
    afterAll(async () => {
      for (const one of used) await world.port.remove(one)
      await world.stop()
    })

    test('a tag is known by its digest, and pulled by it with progress', async () => {
      const digest = await world.port.resolve(world.other, null)
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
      const repository = parseImage(world.other)?.repository ?? ''
      await world.port.removeImage((await world.port.pull(`${repository}@${digest}`, null, quiet)).id, repository)
      const seen: number[] = []
      const pulled = await world.port.pull(`${repository}@${digest}`, null, { progress: ({ layers, layersDone }) => seen.push(layersDone / layers) })
      expect(seen.at(-1)).toBe(1)
      expect(pulled.digests).toContain(`${repository}@${digest}`)
      expect(await world.port.image(pulled.id)).toEqual(await world.port.image(`${repository}@${digest}`))
      expect(pulled.tags).not.toContain(world.other)
    })

    test('an image that no registry has is refused by its name and in the registry\'s words', async () => {
      const missing = `${parseImage(world.image)?.repository ?? ''}:no-such-tag`
      for (const call of [() => world.port.resolve(missing, null), () => world.port.pull(missing, null, quiet)]) {
        await expect(call()).rejects.toMatchObject({ type: 'TARGET_REFUSED', nonRetryable: true, message: expect.stringMatching(new RegExp(`${missing}.*manifest`)) as string })
      }
      expect(await world.port.image(missing)).toBeNull()
    })

    test('a tag that moves gets another digest, and what was pinned stays', async () => {
      const tag = `${parseImage(world.image)?.repository ?? ''}:moving`
      await world.move(tag, 'app:v1')
      const before = await world.port.resolve(tag, null)
      await world.move(tag, 'app:v2')
      expect(await world.port.resolve(tag, null)).not.toBe(before)
      expect((await world.port.pull(`${parseImage(tag)?.repository ?? ''}@${before}`, null, quiet)).digests.join()).toContain(before)
    })

    test('a container is made, started, stopped and removed, and each may be asked twice', async () => {
      const made = spec({ environment: { COLOUR: 'green=blue' } })
      for (let times = 0; times < 2; times += 1) await world.port.create(made)
      expect(await world.port.inspect(made.name)).toMatchObject({ name: made.name, status: 'created', exitCode: null, environment: { COLOUR: 'green=blue' }, labels: made.labels })
      for (let times = 0; times < 2; times += 1) await world.port.start(made.name)
      expect(await world.port.inspect(made.name)).toMatchObject({ status: 'running', exitCode: null, health: null })
      for (let times = 0; times < 2; times += 1) await world.port.stop(made.name, 3000)
      expect(await world.port.inspect(made.name)).toMatchObject({ status: 'exited' })
      for (let times = 0; times < 2; times += 1) await world.port.remove(made.name)
      expect(await world.port.inspect(made.name)).toBeNull()
      await world.port.stop(made.name, 1000)
      await world.port.create(made)
      await world.port.remove((await world.port.inspect(made.name))?.id ?? '')
      expect(await world.port.inspect(made.name)).toBeNull()
    })

    test('two who make one container at the same time make one', async () => {
      const made = spec()
      await Promise.all([world.port.create(made), world.port.create(made)])
      expect(await world.port.list(made.labels)).toHaveLength(1)
    })

    test('a name that another container has is refused, and that container left alone', async () => {
      const made = spec()
      await world.port.create(made)
      const before = await world.port.inspect(made.name)
      await expect(world.port.create({ ...made, labels: { 'releasectl.test': 'somebody else' } })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(new RegExp(`${made.name}.*name is taken`)) as string })
      expect(await world.port.inspect(made.name)).toEqual(before)
    })

    test('containers are found by their labels, the oldest first', async () => {
      const group = newName()
      const two = [spec({ labels: { group, side: 'a' } }), spec({ labels: { group, side: 'b' } })]
      for (const one of two) await world.port.create(one)
      expect((await world.port.list({ group })).map((found) => found.name)).toEqual(two.map((one) => one.name))
      expect((await world.port.list({ group, side: 'b' })).map((found) => found.name)).toEqual([two[1]?.name])
      expect(await world.port.list({ group: `${group}-not` })).toEqual([])
    })

    test('a copy of a container makes exactly that container again', async () => {
      const host = await world.freePort()
      const made = spec({ environment: { COLOUR: 'green' }, ports: [{ container: 8080, host, address: '127.0.0.1', protocol: 'tcp' }], restart: 'on-failure:3', cpus: 0.5, memoryBytes: 64 * 1024 ** 2, labels: { 'releasectl.test': 'copied', n: '1' }, healthcheck: { command: ['CMD', 'true'], intervalMs: 1000, timeoutMs: 1000, startPeriodMs: 0, retries: 2 } })
      expect(await world.port.copy(made.name)).toBeNull()
      await world.port.create(made)
      await world.port.start(made.name)
      const [copy, before] = [await world.port.copy(made.name), await world.port.inspect(made.name)]
      if (!copy) throw new Error('no copy')
      expect([copy.running, copy.pinned]).toEqual([true, byDigest])
      await world.port.createCopy(copy) // exactly so: adopted
      await world.port.remove(made.name)
      for (let times = 0; times < 2; times += 1) await world.port.createCopy(copy)
      await world.port.start(made.name)
      const after = await world.port.inspect(made.name)
      expect({ ...after, id: '', createdAt: '', health: null }).toEqual({ ...before, id: '', createdAt: '', health: null })
      expect({ ...await world.port.copy(made.name), running: true }).toEqual(copy)
    })

    test('a copy does not take the place of a container that is otherwise', async () => {
      const made = spec({ environment: { COLOUR: 'green' } })
      await world.port.create(made)
      const copy = await world.port.copy(made.name)
      await world.port.remove(made.name)
      await world.port.create({ ...made, environment: { COLOUR: 'red' } })
      await expect(world.port.createCopy(copy ?? Promise.reject(new Error('no copy')) as never)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('name is taken') as string })
      expect((await world.port.inspect(made.name))?.environment).toMatchObject({ COLOUR: 'red' })
    })

    test('a port is published where it was asked for, or on a free one', async () => {
      const host = await world.freePort()
      const made = spec({ ports: [{ container: 8080, host, address: '127.0.0.1', protocol: 'tcp' }] })
      const free = spec({ ports: [{ container: 8080, host: 0, address: '127.0.0.1', protocol: 'tcp' }] })
      for (const one of [made, free]) { await world.port.create(one); await world.port.start(one.name) }
      expect((await world.port.inspect(made.name))?.ports).toEqual(made.ports)
      expect((await world.port.inspect(free.name))?.ports).toMatchObject([{ container: 8080, host: expect.any(Number) as number, address: '127.0.0.1' }])
      expect((await world.port.inspect(free.name))?.ports[0]?.host).toBeGreaterThan(0)
    })

    test('who holds a port is known before anything is stopped', async () => {
      const [host, spare] = [await world.freePort(), await world.freePort()]
      const binding = { container: 8080, host, address: '127.0.0.1', protocol: 'tcp' as const }
      expect(await world.port.portHolders([binding, { ...binding, host: 0 }], byDigest, [])).toEqual([])
      const made = spec({ ports: [binding] })
      await world.port.create(made)
      await world.port.start(made.name)
      expect(await world.port.portHolders([binding, { ...binding, host: spare }], byDigest, [])).toEqual([{ port: binding, by: `container ${made.name} (image ${byDigest})` }])
      expect(await world.port.portHolders([binding], byDigest, [made.name])).toEqual([])
      const release = await world.occupy(spare)
      expect(await world.port.portHolders([{ ...binding, host: spare }], byDigest, [])).toMatchObject([{ port: { host: spare }, by: expect.stringMatching(/process/) as string }])
      await release()
      expect(await world.port.portHolders([{ ...binding, host: spare }], byDigest, [])).toEqual([])
      expect((await world.port.list({ 'releasectl.probe': 'port' })).length).toBe(0)
    })

    test('a container whose port is taken is refused by name and port, and can be started once the port is free', async () => {
      const host = await world.freePort()
      const made = spec({ ports: [{ container: 8080, host, address: '127.0.0.1', protocol: 'tcp' }] })
      const release = await world.occupy(host)
      await world.port.create(made)
      await expect(world.port.start(made.name)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(new RegExp(`start container ${made.name}.*(in use|allocated)`)) as string })
      await release()
      await world.port.start(made.name)
      expect(await world.port.inspect(made.name)).toMatchObject({ status: 'running' })
    })

    test('what a container writes is followed from its beginning, and its last words are there after its end', async () => {
      const made = spec()
      await world.port.create(made)
      await world.port.start(made.name)
      await until(async () => (await world.port.tail(made.name, 1000)) !== '')
      const [chunks, stop] = [[] as LogChunk[], new AbortController()]
      const following = world.port.follow(made.name, { output: (chunk) => { chunks.push(chunk) }, signal: stop.signal })
      await until(async () => chunks.length > 0)
      stop.abort()
      await following
      expect(chunks.map(({ text }) => text).join('')).toBe('listening as app:v1\n')
      expect(chunks[0]).toMatchObject({ stream: 'stdout', offset: 0 })
      const now: LogChunk[] = []
      await world.port.follow(made.name, { output: (chunk) => { now.push(chunk) }, untilNow: true })
      expect(now.map(({ text }) => text).join('')).toBe('listening as app:v1\n')
      await world.port.stop(made.name, 3000)
      expect(await world.port.tail(made.name, 1000)).toBe('listening as app:v1\n')
      expect(await world.port.tail(made.name, 7)).toBe('app:v1\n')
      await world.port.follow(made.name, { output: () => undefined })
    })

    test('a container is measured while it runs', async () => {
      const made = spec({ memoryBytes: 64 * 1024 ** 2 })
      await world.port.create(made)
      expect(await world.port.stats(made.name)).toBeNull()
      await world.port.start(made.name)
      const stats = await world.port.stats(made.name)
      expect(stats?.memoryBytes).toBeGreaterThan(0)
      expect(stats?.processes).toBeGreaterThan(0)
      expect(stats?.cpuSeconds).toBeGreaterThanOrEqual(0)
      expect(await world.port.stats(`${made.name}-not`)).toBeNull()
    })

    test('an image is taken off only when no container uses it', async () => {
      const repository = parseImage(world.other)?.repository ?? ''
      const { id } = await world.port.pull(`${repository}@${await world.port.resolve(world.other, null)}`, null, quiet)
      const made = spec({ image: id })
      await world.port.create(made)
      expect(await world.port.removeImage(id, repository)).toBe(false)
      await world.port.remove(made.name)
      expect(await world.port.removeImage(id, repository)).toBe(true)
      expect(await world.port.image(id)).toBeNull()
      expect(await world.port.removeImage(id, repository)).toBe(false)
    })

    test('an engine that does not answer is TARGET_UNREACHABLE, whatever it is asked', async () => {
      const gone = world.unreachable
      const calls: (() => Promise<unknown>)[] = [
        () => gone.about(), () => gone.resolve('app:v1', null), () => gone.pull('app:v1', null, quiet), () => gone.create(specOf('x', 'app:v1')), () => gone.start('x'),
        () => gone.stop('x', 100), () => gone.inspect('x'), () => gone.list({}), () => gone.copy('x'), () => gone.tail('x', 10), () => gone.stats('x'),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringContaining(gone.where) as string })
    })
  })
}
