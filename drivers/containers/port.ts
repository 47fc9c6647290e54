import type { Json } from '../../domain/json.js'

/**
 * A container engine. Contract: test/contract/containers.ts. All of it may be called twice: what is there is adopted, what
 * is gone is fine. Throws TARGET_REFUSED with the engine's or the registry's words when it answered no, TARGET_UNREACHABLE
 * when one of them did not answer.
 */
export interface ContainerPort {
  /** For messages: `unix:///var/run/docker.sock`. Without secrets. */
  readonly where: string
  /** Host name or address by which a port that is published on all its addresses is reached. */
  readonly reachedAt: string
  about(): Promise<{ version: string; cpus: number; memoryBytes: number }>

  /** The digest the registry has for an image by tag. Changes nothing. */
  resolve(image: string, login: RegistryLogin | null): Promise<string>
  /** Fetch an image. `progress` is told at most every second, and at the end. */
  pull(image: string, login: RegistryLogin | null, on: { progress(progress: PullProgress): void; signal?: AbortSignal }): Promise<ImageState>
  /** By tag, digest or id; null: the engine does not have it. */
  image(reference: string): Promise<ImageState | null>
  /** Take an image off the engine, all its names of one repository. @returns false: a container uses it, or it was gone */
  removeImage(id: string, repository: string): Promise<boolean>

  /** Make a container; does not start it. One of that name with the same labels is adopted, another one refused. */
  create(spec: ContainerSpec): Promise<void>
  /** Everything it takes to make the same container again; null: there is none. May hold secrets. */
  copy(name: string): Promise<ContainerCopy | null>
  /** Make a container as it was, by its image's id or digest, under its name. One that is exactly so is adopted, another one refused. */
  createCopy(copy: ContainerCopy): Promise<void>
  start(name: string): Promise<void>
  /** SIGTERM (or the image's stop signal), SIGKILL after `graceMs`. */
  stop(name: string, graceMs: number): Promise<void>
  /** By its name or id, stopped or not. Its volumes stay. */
  remove(name: string): Promise<void>
  inspect(name: string): Promise<ContainerState | null>
  /** Containers that have all these labels, running or not, oldest first. */
  list(labels: Record<string, string>): Promise<ContainerState[]>
  /**
   * Of these ports, those that could not be published now and who holds them. Containers named in `ignore` do not count.
   * `image` is one the engine has: a port that no container holds is tried out by a container of it that runs nothing.
   */
  portHolders(ports: PortBinding[], image: string, ignore: string[]): Promise<PortHolder[]>

  /** What a container writes, from its first byte, until it ends or `signal` says so. */
  follow(name: string, on: Following): Promise<void>
  /** Its last words, both streams as they came. */
  tail(name: string, bytes: number): Promise<string>
  /** Null: it does not run. */
  stats(name: string): Promise<ContainerStats | null>
}

export interface RegistryLogin { username: string; password: string }
/** `totalBytes` grows while the engine learns of layers; layers that are there already count as done, with no bytes. */
export interface PullProgress { layers: number; layersDone: number; bytes: number; totalBytes: number }
export interface ImageState {
  /** `sha256:…` of its configuration: the engine's own name for it. */
  id: string
  /** `repository@sha256:…` of every registry it came from or went to. */
  digests: string[]
  tags: string[]
  environment: Record<string, string>
  sizeBytes: number
}

export interface ContainerSpec {
  name: string
  /** By digest or id. */
  image: string
  /** Null: the image's own. */
  command: string[] | null
  entrypoint: string[] | null
  environment: Record<string, string>
  labels: Record<string, string>
  ports: PortBinding[]
  /** `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`. */
  restart: string
  cpus: number | null
  memoryBytes: number | null
  pids: number | null
  /** `volume:/path`, `/host/path:/path`, with `:ro` where it must not write. */
  volumes: string[]
  /** Empty: the engine's default. Its names in them: its own and `aliases`. */
  networks: string[]
  aliases: string[]
  healthcheck: Healthcheck | null
  user: string | null
  workDir: string | null
  /** The engine keeps so much of what it writes. */
  log: { maxSize: string; maxFiles: number }
}
export interface Healthcheck { command: string[]; intervalMs: number; timeoutMs: number; startPeriodMs: number; retries: number }
/** `address`: of the engine's machine; `0.0.0.0`: all. */
export interface PortBinding { container: number; host: number; address: string; protocol: 'tcp' | 'udp' }
/** `by`: `container web (image nginx:1)`, `a process of the engine's machine`. */
export interface PortHolder { port: PortBinding; by: string }

export interface ContainerState {
  id: string
  name: string
  /** As it was asked for, and the id of what it runs. */
  image: string
  imageId: string
  labels: Record<string, string>
  environment: Record<string, string>
  status: 'created' | 'running' | 'restarting' | 'paused' | 'removing' | 'exited' | 'dead'
  exitCode: number | null
  /** Null: it has no health check. */
  health: 'starting' | 'healthy' | 'unhealthy' | null
  /** Why it does not run, or is unhealthy, in the engine's or the check's own words; null: nothing to say. */
  detail: string | null
  restarts: number
  /** `no`, `always`, `unless-stopped`, `on-failure`. */
  restart: string
  /** ISO 8601. */
  createdAt: string
  /** As they are published; for one that does not run, as they would be. */
  ports: PortBinding[]
}

export interface ContainerCopy {
  name: string
  running: boolean
  imageId: string
  /** By digest, to fetch it again; null: it is in no registry. */
  pinned: string | null
  /** In the engine's own words, handed back to it. */
  make: Json
}
/** `untilNow`: only what it has written by now. */
export interface Following { output(chunk: LogChunk): void | Promise<void>; signal?: AbortSignal; untilNow?: boolean }
/** `offset`: bytes before this chunk in that stream. */
export interface LogChunk { stream: 'stdout' | 'stderr'; offset: number; text: string }
/** Since its start: seconds of processor time, bytes in and out. */
export interface ContainerStats { cpuSeconds: number; memoryBytes: number; memoryLimitBytes: number; receivedBytes: number; sentBytes: number; processes: number }
/** How an engine is reached, its secrets resolved. */
export interface EngineConnection {
  /** `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`. */
  host: string
  tls?: { ca: string; cert: string; key: string } | undefined
  ssh?: SshLogin | undefined
}
export interface SshLogin {
  host?: string | undefined
  port?: number | undefined
  user?: string | undefined
  key?: string | undefined
  passphrase?: string | undefined
  password?: string | undefined
  agent?: boolean | undefined
  hostKey?: string | undefined
  knownHosts?: string | undefined
}
