import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import { parseImage } from '../../domain/image-reference.js'
import { createBody, type CreateBody } from './create-body.js'
import { DockerApi } from './docker-api.js'
import { connectionOptions } from './docker-connect.js'
import { refusal } from './engine-failure.js'
import { containerCopy, containerState, imageState, type Inspected } from './inspected.js'
import { logFrames } from './log-frames.js'
import type { ContainerCopy, ContainerPort, ContainerSpec, ContainerState, ContainerStats, EngineConnection, Following, ImageState, PortBinding, PortHolder, PullProgress, RegistryLogin } from './port.js'
import { findHolders } from './port-holders.js'
import { PullCount, type PullEvent } from './pull-progress.js'
import { statsOf, type RawStats } from './raw-stats.js'

const LIMITS = { callMs: 60_000, silentPullMs: 120_000 }
const PROGRESS_MS = 1000
const STOP_SLACK_MS = 30_000
const BEING_MADE_MS = 5000
const AGAIN_MS = 100
const TAIL_LINES = 500
const TAIL_MS = 10_000

/** A Docker engine, by its API over a socket, TLS or SSH. */
export class DockerEngine implements ContainerPort {
  readonly where: string
  readonly reachedAt: string
  readonly #api: DockerApi
  readonly #silentPullMs: number

  /** @param limits how long a call may stay unanswered, and how long a pull may say nothing new */
  constructor(connection: EngineConnection, limits: Partial<typeof LIMITS> = {}) {
    const { callMs, silentPullMs } = { ...LIMITS, ...limits }
    const { options, where, reachedAt } = connectionOptions(connection)
    this.where = where
    this.reachedAt = reachedAt
    this.#api = new DockerApi(options, where, callMs)
    this.#silentPullMs = silentPullMs
  }

  async about(): Promise<{ version: string; cpus: number; memoryBytes: number }> {
    const { ServerVersion, NCPU, MemTotal } = await this.#api.call<{ ServerVersion: string; NCPU: number; MemTotal: number }>('GET', '/info', { doing: 'say what it is' })
    return { version: ServerVersion, cpus: NCPU, memoryBytes: MemTotal }
  }

  async resolve(image: string, login: RegistryLogin | null): Promise<string> {
    const { Descriptor } = await this.#api.call<{ Descriptor: { digest: string } }>('GET', `/distribution/${image}/json`, { doing: `look ${image} up in its registry`, login })
    return Descriptor.digest
  }

  async pull(image: string, login: RegistryLogin | null, on: { progress(progress: PullProgress): void; signal?: AbortSignal }): Promise<ImageState> {
    const doing = `pull ${image}`
    const { repository = image, tag = null, digest = null } = parseImage(image) ?? {}
    const silent = new AbortController()
    let timer = setTimeout(() => { silent.abort() }, this.#silentPullMs)
    const count = new PullCount()
    let toldAt = 0
    try {
      const signal = on.signal ? AbortSignal.any([silent.signal, on.signal]) : silent.signal
      const answer = await this.#api.stream('POST', '/images/create', { doing, query: { fromImage: repository, tag: digest ?? tag ?? 'latest' }, login, signal, timeoutMs: this.#silentPullMs })
      for await (const line of lines(answer)) {
        clearTimeout(timer)
        timer = setTimeout(() => { silent.abort() }, this.#silentPullMs)
        const event = JSON.parse(line) as PullEvent
        if (event.error !== undefined) throw refusal(event.error, this.where, doing)
        count.add(event)
        if (Date.now() - toldAt >= PROGRESS_MS) { on.progress(count.progress); toldAt = Date.now() }
      }
    } catch (error) {
      on.signal?.throwIfAborted()
      if (silent.signal.aborted) throw failure('TARGET_UNREACHABLE', `engine ${this.where} could not ${doing}: nothing came for ${formatDuration(this.#silentPullMs)}`)
      throw this.#api.lost(error, doing)
    } finally { clearTimeout(timer) }
    on.progress(count.progress)
    const pulled = await this.image(image)
    if (!pulled) throw failure('TARGET_UNREACHABLE', `engine ${this.where} ended to ${doing} without an image: the answer broke off`)
    return pulled
  }

  async image(reference: string): Promise<ImageState | null> {
    const found = await this.#api.find<Parameters<typeof imageState>[0]>('GET', `/images/${reference}/json`, { doing: `look at image ${reference}` })
    return found && imageState(found)
  }

  async removeImage(id: string, repository: string): Promise<boolean> {
    const image = await this.image(id)
    if (!image) return false
    const names = [...image.tags, ...image.digests].filter((name) => parseImage(name)?.repository === repository)
    let gone = false
    for (const name of names.length > 0 ? names : [id]) {
      gone = await this.#api.find('DELETE', `/images/${name}`, { doing: `remove image ${name}` }, [404, 409]) !== null || gone
    }
    return gone
  }

  async create(spec: ContainerSpec): Promise<void> {
    await this.#make(spec.name, createBody(spec), async (there) => Object.entries(spec.labels).every(([name, value]) => there.Config.Labels?.[name] === value))
  }

  async copy(name: string): Promise<ContainerCopy | null> {
    const found = await this.#inspect(name)
    return found && containerCopy(found, await this.image(found.Image))
  }

  async createCopy({ name, imageId, pinned, make }: ContainerCopy): Promise<void> {
    const { body, connect } = make as unknown as CreateBody
    const image = pinned !== null && await this.image(pinned) !== null ? pinned : imageId
    await this.#make(name, { body: { ...body, Image: image }, connect }, async (there) => {
      const copy = containerCopy(there, await this.image(there.Image))
      return copy.imageId === imageId && isDeepStrictEqual(comparable(copy.make), comparable(make))
    })
  }

  async start(name: string): Promise<void> { await this.#api.call('POST', `/containers/${name}/start`, { doing: `start container ${name}` }) }

  async stop(name: string, graceMs: number): Promise<void> {
    await this.#api.find('POST', `/containers/${name}/stop`, { doing: `stop container ${name}`, query: { t: Math.ceil(graceMs / 1000) }, timeoutMs: graceMs + STOP_SLACK_MS })
  }

  async remove(name: string): Promise<void> {
    await this.#api.find('DELETE', `/containers/${name}`, { doing: `remove container ${name}`, query: { force: true } })
  }

  async inspect(name: string): Promise<ContainerState | null> {
    const found = await this.#inspect(name)
    return found && containerState(found)
  }

  async list(labels: Record<string, string>): Promise<ContainerState[]> {
    const query = { all: true, filters: { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) } }
    const found = await this.#api.call<{ Id: string }[]>('GET', '/containers/json', { doing: 'list its containers', query })
    const states = await Promise.all(found.map(({ Id }) => this.inspect(Id)))
    return states.filter((state) => state !== null).sort((a, b) => a.createdAt.localeCompare(b.createdAt))
  }

  async portHolders(ports: PortBinding[], image: string, ignore: string[]): Promise<PortHolder[]> { return findHolders(this, ports, image, ignore) }

  async follow(name: string, on: Following): Promise<void> {
    const doing = `read what container ${name} writes`
    const found = await this.#inspect(name)
    if (!found) return
    try {
      const query = { follow: on.untilNow !== true, stdout: true, stderr: true }
      const answer = await this.#api.stream('GET', `/containers/${found.Id}/logs`, { doing, query, signal: on.signal })
      for await (const chunk of logFrames(answer as AsyncIterable<Buffer>, found.Config['Tty'] === true)) await on.output(chunk)
    } catch (error) {
      if (on.signal?.aborted !== true) throw this.#api.lost(error, doing)
    }
  }

  async tail(name: string, bytes: number): Promise<string> {
    const doing = `read what container ${name} wrote last`
    const found = await this.#inspect(name)
    if (!found) return ''
    const query = { stdout: true, stderr: true, tail: TAIL_LINES }
    let text = ''
    const signal = AbortSignal.timeout(TAIL_MS)
    try {
      const answer = await this.#api.stream('GET', `/containers/${found.Id}/logs`, { doing, query, signal })
      for await (const chunk of logFrames(answer as AsyncIterable<Buffer>, found.Config['Tty'] === true)) {
        text = (text + chunk.text).slice(-bytes)
      }
    } catch (error) { if (!signal.aborted) throw this.#api.lost(error, doing) }
    return Buffer.from(text).subarray(-bytes).toString('utf8').replace(/^\uFFFD+/, '')
  }

  async stats(name: string): Promise<ContainerStats | null> {
    const raw = await this.#api.find<RawStats>('GET', `/containers/${name}/stats`, { doing: `measure container ${name}`, query: { stream: false, 'one-shot': true } })
    return raw && statsOf(raw)
  }

  async #inspect(name: string): Promise<Inspected | null> { return this.#api.find('GET', `/containers/${name}/json`, { doing: `look at container ${name}` }) }

  /** Made, or adopted when `isSame`; then in all its networks, from which one that was half made may be missing. */
  async #make(name: string, { body, connect }: CreateBody, isSame: (there: Inspected) => Promise<boolean>): Promise<void> {
    const doing = `create container ${name}`
    const made = await this.#api.find('POST', '/containers/create', { doing, query: { name }, body }, [409])
    let there = await this.#inspect(name)
    // Somebody else is making it: its name is taken before it is there.
    for (const until = Date.now() + BEING_MADE_MS; !there && made === null && Date.now() < until; there = await this.#inspect(name)) await delay(AGAIN_MS)
    if (!there) throw failure('TARGET_UNREACHABLE', `engine ${this.where} could not ${doing}: it was there and is gone again`)
    if (made === null && !await this.#adopted(there, connect, isSame)) {
      throw failure('TARGET_REFUSED', `engine ${this.where} could not ${doing}: the name is taken by another container (image ${there.Config.Image}, made ${there.Created})`)
    }
    for (const [network, endpoint] of Object.entries(connect)) {
      if (!(network in there.NetworkSettings.Networks)) {
        await this.#api.find('POST', `/networks/${network}/connect`, { doing: `connect container ${name} to network ${network}`, body: { Container: there.Id, EndpointConfig: endpoint } }, [403])
      }
    }
  }

  /** Is it the one, but for networks it is not connected to yet? */
  async #adopted(there: Inspected, connect: CreateBody['connect'], isSame: (there: Inspected) => Promise<boolean>): Promise<boolean> {
    if (await isSame(there)) return true
    const missing = Object.entries(connect).filter(([network]) => !(network in there.NetworkSettings.Networks))
    if (missing.length === 0 || there.State.Status !== 'created') return false
    const whole = Object.fromEntries(missing.map(([network, endpoint]) => [network, { IPAMConfig: null, Links: null, Aliases: null, ...endpoint }]))
    return isSame({ ...there, NetworkSettings: { ...there.NetworkSettings, Networks: { ...there.NetworkSettings.Networks, ...whole } } })
  }
}

async function* lines(source: NodeJS.ReadableStream): AsyncGenerator<string> {
  let failed: unknown = null
  source.once('error', (error: unknown) => { failed = error }) // readline ends quietly when its input breaks off
  for await (const line of createInterface({ input: source, crlfDelay: Infinity })) if (line !== '') yield line
  if (failed !== null) throw failed as Error
}

/** The image's name in a copy is how it was asked for; its id says what it is. */
function comparable(make: unknown): unknown {
  const { body, connect } = structuredClone(make) as CreateBody
  delete body['Image']
  return { body, connect }
}
