/** A double for tests of activities: keeps the container contract in memory, runs nothing, fails on demand. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { failure } from '../../domain/failures.js'
import { parseImage, pinned, tagged } from '../../domain/image-reference.js'
import type { Json } from '../../domain/json.js'
import type { ContainerCopy, ContainerPort, ContainerSpec, ContainerState, ContainerStats, Following, ImageState, PortBinding, PortHolder, PullProgress, RegistryLogin } from './port.js'

interface Kept { spec: ContainerSpec; id: string; imageId: string; status: 'created' | 'running' | 'exited'; exitCode: number | null; createdAt: string; log: string }
const FREE_PORTS_FROM = 40_000

export class MemoryEngine implements ContainerPort {
  readonly where = 'memory://engine'
  readonly reachedAt = '127.0.0.1'
  /** What a registry has, by tag; `password`: it asks for it. */
  readonly registry = new Map<string, { digest: string; environment: Record<string, string>; password?: string }>()
  /** Host ports that something else holds, and what. */
  readonly taken = new Map<number, string>()
  /** Every change, in order: `create web-1`, `start web-1`. */
  readonly history: string[] = []
  /** Not null: nothing is answered and nothing done; the text says why. */
  unreachableBecause: string | null = null
  /** What a container that is started writes, by image tag or digest; and with which code it ends at once. */
  readonly behaviour = new Map<string, { writes?: string; exits?: number; health?: 'healthy' | 'unhealthy' }>()
  readonly #images = new Map<string, ImageState>()
  readonly #containers = new Map<string, Kept>()
  #made = 0

  /** As if an image had been pushed: the tag now means this content. */
  push(image: string, content: string, more: { environment?: Record<string, string>; password?: string } = {}): string {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    this.registry.set(image, { digest, environment: {}, ...more })
    return digest
  }

  async about(): Promise<{ version: string; cpus: number; memoryBytes: number }> { this.#reached(); return { version: 'memory', cpus: 2, memoryBytes: 1024 ** 3 } }

  async resolve(image: string, login: RegistryLogin | null): Promise<string> { this.#reached(); return this.#published(image, login).digest }

  async pull(image: string, login: RegistryLogin | null, on: { progress(progress: PullProgress): void; signal?: AbortSignal }): Promise<ImageState> {
    this.#reached()
    const { digest, environment } = this.#published(image, login)
    const { repository = image, digest: byDigest = null } = parseImage(image) ?? {}
    const id = `sha256:${createHash('sha256').update(`id of ${digest}`).digest('hex')}`
    const known = this.#images.get(id) ?? { id, digests: [], tags: [], environment, sizeBytes: 1000 }
    const name = `${repository}@${digest}`
    if (!known.digests.includes(name)) known.digests.push(name)
    if (byDigest === null) {
      for (const other of this.#images.values()) other.tags = other.tags.filter((tag) => tag !== image)
      known.tags.push(image)
    }
    this.#images.set(id, known)
    on.progress({ layers: 1, layersDone: 1, bytes: 1000, totalBytes: 1000 })
    return structuredClone(known)
  }

  async image(reference: string): Promise<ImageState | null> { this.#reached(); return structuredClone(this.#image(reference)) }

  async removeImage(id: string): Promise<boolean> {
    this.#reached()
    if ([...this.#containers.values()].some(({ imageId }) => imageId === id)) return false
    return this.#images.delete(id)
  }

  async create(spec: ContainerSpec): Promise<void> {
    this.#reached()
    const there = this.#containers.get(spec.name)
    if (there && Object.entries(spec.labels).every(([name, value]) => there.spec.labels[name] === value)) return
    this.#make(spec)
  }

  async copy(name: string): Promise<ContainerCopy | null> {
    this.#reached()
    const kept = this.#containers.get(name)
    if (!kept) return null
    return { name, running: kept.status === 'running', imageId: kept.imageId, pinned: this.#image(kept.imageId)?.digests[0] ?? null, make: structuredClone(kept.spec) as unknown as Json }
  }

  async createCopy({ name, imageId, pinned: byDigest, make }: ContainerCopy): Promise<void> {
    this.#reached()
    const there = this.#containers.get(name)
    const spec = make as unknown as ContainerSpec
    if (there && there.imageId === imageId && isDeepStrictEqual({ ...there.spec, image: '' }, { ...spec, image: '' })) return
    this.#make({ ...spec, image: byDigest ?? imageId })
  }

  async start(name: string): Promise<void> {
    this.#reached()
    const kept = this.#containers.get(name)
    if (!kept) throw this.#no(`start container ${name}`, 'no such container')
    if (kept.status === 'running') return
    for (const port of kept.spec.ports) {
      if (this.#holder(port, [name]) !== null) throw this.#no(`start container ${name}`, `port ${port.host} is already allocated`)
      if (port.host === 0) port.host = FREE_PORTS_FROM + this.#made
    }
    const { writes = '', exits } = this.behaviour.get(kept.spec.image) ?? {}
    kept.log += writes
    Object.assign(kept, exits === undefined ? { status: 'running', exitCode: null } : { status: 'exited', exitCode: exits })
    this.history.push(`start ${name}`)
  }

  async stop(name: string): Promise<void> {
    this.#reached()
    const kept = this.#containers.get(name)
    if (kept?.status !== 'running') return
    Object.assign(kept, { status: 'exited', exitCode: 0 })
    this.history.push(`stop ${name}`)
  }

  async remove(name: string): Promise<void> {
    this.#reached()
    const known = this.#containers.has(name) ? name : [...this.#containers.values()].find(({ id }) => id === name)?.spec.name ?? ''
    if (this.#containers.delete(known)) this.history.push(`remove ${known}`)
  }

  async inspect(name: string): Promise<ContainerState | null> {
    this.#reached()
    const kept = this.#containers.get(name)
    return kept ? this.#state(kept) : null
  }

  async list(labels: Record<string, string>): Promise<ContainerState[]> {
    this.#reached()
    return [...this.#containers.values()].filter(({ spec }) => Object.entries(labels).every(([name, value]) => spec.labels[name] === value)).map((kept) => this.#state(kept))
  }

  async portHolders(ports: PortBinding[], _image: string, ignore: string[]): Promise<PortHolder[]> {
    this.#reached()
    return ports.flatMap((port) => { const by = port.host === 0 ? null : this.#holder(port, ignore); return by === null ? [] : [{ port, by }] })
  }

  async follow(name: string, on: Following): Promise<void> {
    this.#reached()
    const text = this.#containers.get(name)?.log ?? ''
    if (text !== '') await on.output({ stream: 'stdout', offset: 0, text })
    if (on.untilNow !== true && this.#containers.get(name)?.status === 'running') await new Promise<void>((resolve) => { if (on.signal?.aborted === true) resolve(); else on.signal?.addEventListener('abort', () => { resolve() }) })
  }

  async tail(name: string, bytes: number): Promise<string> { this.#reached(); return (this.#containers.get(name)?.log ?? '').slice(-bytes) }

  async stats(name: string): Promise<ContainerStats | null> {
    this.#reached()
    return this.#containers.get(name)?.status === 'running' ? { cpuSeconds: 0, memoryBytes: 1000, memoryLimitBytes: 1024 ** 3, receivedBytes: 0, sentBytes: 0, processes: 1 } : null
  }

  /** As if a process had ended by itself. */
  exits(name: string, exitCode: number): void { Object.assign(this.#containers.get(name) ?? {}, { status: 'exited', exitCode }) }

  #make(spec: ContainerSpec): void {
    if (this.#containers.has(spec.name)) throw this.#no(`create container ${spec.name}`, `the name is taken by another container (image ${this.#containers.get(spec.name)?.spec.image ?? ''})`)
    const image = this.#image(spec.image)
    if (!image) throw this.#no(`create container ${spec.name}`, `No such image: ${spec.image}`)
    this.#made += 1
    this.#containers.set(spec.name, { spec: structuredClone(spec), id: String(this.#made).padStart(12, '0'), imageId: image.id, status: 'created', exitCode: null, createdAt: new Date(Date.UTC(2026, 0, 1) + this.#made * 1000).toISOString(), log: '' })
    this.history.push(`create ${spec.name}`)
  }

  #state({ spec, id, imageId, status, exitCode, createdAt }: Kept): ContainerState {
    const health = spec.healthcheck === null || status !== 'running' ? null : this.behaviour.get(spec.image)?.health ?? 'healthy'
    return structuredClone({
      id, name: spec.name, image: spec.image, imageId, labels: spec.labels, environment: { ...this.#image(imageId)?.environment, ...spec.environment }, status, exitCode, health,
      detail: health === 'unhealthy' ? 'its health check says: no' : null, restarts: 0, restart: spec.restart.split(':')[0] ?? 'no', createdAt, ports: spec.ports,
    })
  }

  #holder(port: PortBinding, ignore: string[]): string | null {
    const other = [...this.#containers.values()].find(({ spec, status }) => status === 'running' && !ignore.includes(spec.name) && spec.ports.some(({ host }) => host === port.host))
    return other ? `container ${other.spec.name} (image ${other.spec.image})` : this.taken.get(port.host) ?? null
  }

  #image(reference: string): ImageState | null {
    const { repository, digest = null } = parseImage(reference) ?? {}
    const names = digest === null ? [reference] : [`${repository ?? ''}@${digest}`]
    return [...this.#images.values()].find(({ id, digests, tags }) => id === reference || names.some((name) => digests.includes(name) || tags.includes(name))) ?? null
  }

  #published(image: string, login: RegistryLogin | null): { digest: string; environment: Record<string, string> } {
    const written = parseImage(image)
    const doing = `pull ${image}`
    const found = written?.digest === null || written === null ? this.registry.get(written ? tagged(written) : image)
      : [...this.registry].find(([name, { digest }]) => pinned(written, written.digest ?? '') === `${parseImage(name)?.repository ?? ''}@${digest}`)?.[1]
    if (!found) throw this.#no(doing, 'manifest unknown')
    if (found.password !== undefined && found.password !== login?.password) throw this.#no(doing, 'the registry does not let this login in: unauthorized')
    return found
  }

  #no(doing: string, words: string): Error { return failure('TARGET_REFUSED', `engine ${this.where} could not ${doing}: ${words}`) }
  #reached(): void { if (this.unreachableBecause !== null) throw failure('TARGET_UNREACHABLE', `engine ${this.where} did not answer: ${this.unreachableBecause}`) }
}
