/** A machine that runs commands and services. Contract: test/contract/hosts.ts. All of it may be called twice. */
export interface HostPort {
  /** Where what listens on it is reached from here. */
  readonly address: string
  /**
   * Run a script to its end, once per `key`: a second call with the same key adopts the run that is under way
   * or gives the result of the one that has ended, even after the caller was killed. `signal` kills it.
   * @throws TIMED_OUT after `timeoutMs`, the whole process group killed; CHECK_FAILED when it was cut off (its machine
   * died), so that nobody knows what it did; CONFIG_INVALID when there is no such interpreter or directory;
   * TARGET_UNREACHABLE when the host does not answer
   */
  run(request: ScriptRun, on: { output(chunk: OutputChunk): void; signal?: AbortSignal }): Promise<ScriptResult>
  /**
   * Start a service detached, once per `key`; adopts it when it runs, starts it again on its port when it does not.
   * @throws CONFIG_INVALID, TARGET_UNREACHABLE
   */
  start(spec: ServiceSpec): Promise<ServiceState>
  /** What it was last started with, its port filled in: enough to start it again. May hold secrets. Null when it never was. */
  spec(key: string): Promise<ServiceSpec | null>
  /** What became of the service; null when it was never started (or has been removed). */
  inspect(key: string): Promise<ServiceState | null>
  /** SIGTERM to the group, SIGKILL after `graceMs`; gone services are fine. */
  stop(key: string, graceMs: number): Promise<void>
  /** The last lines a service wrote. */
  tail(key: string, bytes: number): Promise<string>
  /**
   * All of a file or, on any failure, the one that was there; its folder is made. Written once: one that is there already is left.
   * @throws CHECK_FAILED when the content has another sha256, TARGET_REFUSED when the machine does not let it (no right, no space)
   */
  put(file: FileToPut): Promise<void>
  /** At most `maxBytes` from the beginning of a file; null when there is none. @throws TARGET_REFUSED when it may not be read */
  read(path: string, maxBytes: number): Promise<Buffer | null>
}

/** `path`: absolute. `mode`: permissions, 0o644. `sha256`: of the content, in hexadecimal. */
export interface FileToPut { path: string; content: Buffer; mode: number; sha256: string }

export interface ScriptRun {
  key: string
  /** What messages call it; left out: by its key. */
  name?: string
  /** Handed to the interpreter as a file; never interpolated. */
  script: string
  interpreter: string
  workDir: string | null
  environment: Record<string, string>
  timeoutMs: number
}
/** `offset`: bytes before this chunk in that stream. */
export interface OutputChunk { stream: 'stdout' | 'stderr'; offset: number; text: string }
/**
 * `exitCode`: 128 + n when signal n ended it. The last 64 KiB of each stream.
 * `outputs`: what the script wrote to $RELEASECTL_OUTPUT as `name=value` lines.
 */
export interface ScriptResult { exitCode: number; stdout: string; stderr: string; truncated: boolean; outputs: Record<string, string> }

export interface ServiceSpec {
  /** `<service>/<releaseId>`. */
  key: string
  command: string[]
  workDir: string | null
  environment: Record<string, string>
  /** 0: the host picks a free one. The service finds it in $PORT. */
  port: number
  /** Names of variables whose values are secret. Left out: nobody knows which are. */
  secrets?: string[]
}
export interface ServiceState { key: string; running: boolean; pid: number | null; port: number; startedAt: string; exitCode: number | null }

/** How to log in by SSH. Secrets are values here. */
export interface SshLogin {
  host: string
  port: number
  user: string
  /** A private key's text. */
  key?: string | undefined
  passphrase?: string | undefined
  password?: string | undefined
  /** By the agent of this process (SSH_AUTH_SOCK). */
  agent: boolean
  /** `SHA256:…`: what the host must show. */
  hostKey?: string | undefined
  /** Lines of a known_hosts file; left out: this user's own file. */
  knownHosts?: string | undefined
}
export interface SshSettings extends SshLogin {
  /** The target's name, for messages. */
  name: string
  /** Reached through this host. */
  bastion?: SshLogin | undefined
  /** True: commands run as root; a name: as that user. */
  sudo: boolean | string
  connectTimeoutMs: number
  /** Where records and scripts lie on it; left out: /var/lib/releasectl for root, ~/.releasectl for others. */
  home?: string | undefined
}
