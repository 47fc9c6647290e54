import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from './command.js'
import { LogFile } from './log-file.js'

const FIRST_BACKOFF_MS = 200
const LAST_BACKOFF_MS = 10_000
/** A child that lived this long was well: its next restart is quick again. */
const WELL_MS = 60_000
const PROBE_MS = 50
const READY_WITHIN_MS = 90_000
/** A child that ends this often before it was ever ready will not become so. */
const FIRST_STARTS = 4

/** One program to keep running. */
export interface ChildSpec {
  name: string
  /** asked before each start, so that a stale state can be mended first */
  command: () => Command | Promise<Command>
  /** a real question to the running program; an error means not yet */
  isReady: (pid: number) => Promise<boolean>
  logFile: string
  stopSignal: NodeJS.Signals
  /** how long it may take to end by itself */
  graceMs: number
}

/**
 * A child process in its own group (a Ctrl-C in the terminal is ours to handle), started again when it ends:
 * after 0.2 s, doubled up to 10 s, from the beginning once it ran for a minute.
 */
export class Child {
  readonly name: string
  readonly #spec: ChildSpec
  readonly #log: LogFile
  readonly #onSpawn: (pid: number) => void
  #process: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #running: Promise<void> | undefined
  #starts = 0
  readonly #stopping = new AbortController()

  constructor(spec: ChildSpec, onSpawn: (pid: number) => void = () => undefined) {
    this.name = spec.name
    this.#spec = spec
    this.#log = new LogFile(spec.logFile)
    this.#onSpawn = onSpawn
  }

  /** The running process; undefined between an end and the next start. */
  get pid(): number | undefined { return this.#process?.pid }

  /** How often it was started again. */
  get restarts(): number { return Math.max(0, this.#starts - 1) }

  /** Start and keep running. @throws Error with the log's end when it does not become ready */
  async start(): Promise<void> {
    this.#running ??= this.#keepRunning()
    const deadline = Date.now() + READY_WITHIN_MS
    while (!await this.#isReady()) {
      if (this.#stopping.signal.aborted) throw new Error(`${this.name} was stopped before it was ready`)
      if (this.#starts > FIRST_STARTS || Date.now() > deadline) {
        throw new Error(`${this.name} did not become ready (started ${this.#starts} times). The end of ${this.#log.path}:\n${this.#log.tail(25)}`)
      }
      await sleep(PROBE_MS)
    }
  }

  /** Whether it answers now. */
  async #isReady(): Promise<boolean> {
    return this.pid !== undefined && await this.#spec.isReady(this.pid).catch(() => false)
  }

  /** Send a signal to the process alone. @returns whether there was one */
  kill(signal: NodeJS.Signals): boolean { return this.#process?.kill(signal) ?? false }

  /** End it for good: its own signal first, SIGKILL to its group when the grace is over (at once when `hard`). */
  async stop(hard = false): Promise<void> {
    this.#stopping.abort()
    this.kill(hard ? 'SIGKILL' : this.#spec.stopSignal)
    const timer = setTimeout(() => { this.kill('SIGKILL') }, this.#spec.graceMs)
    await this.#exited
    await this.#running
    clearTimeout(timer)
    this.#log.close()
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping
    let backoffMs = FIRST_BACKOFF_MS
    do {
      const startedAt = Date.now()
      await this.#runOnce().catch((error: unknown) => { this.#note(String(error)) })
      if (Date.now() - startedAt > WELL_MS) backoffMs = FIRST_BACKOFF_MS
      await sleep(backoffMs, undefined, { signal }).catch(() => undefined) // a stop cuts the wait short
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS)
    } while (!signal.aborted)
  }

  async #runOnce(): Promise<void> {
    this.#starts += 1
    const { file, args, environment, user, cwd } = await this.#spec.command()
    this.#stopping.signal.throwIfAborted()
    const output = this.#log.open()
    try {
      const child = spawn(file, args, {
        ...user, ...(cwd && { cwd }), detached: true, stdio: ['ignore', output, output], env: { ...process.env, ...environment } })
      this.#process = child
      this.#exited = new Promise((resolve) => { child.once('exit', () => resolve()).once('error', () => resolve()) })
      child.once('error', (error) => { this.#note(error.message) })
      if (child.pid !== undefined) this.#onSpawn(child.pid)
    } finally { closeSync(output) }
    const { pid } = this.#process
    await this.#exited
    this.#process = undefined
    if (pid !== undefined) killGroup(pid)
  }

  #note(line: string): void { appendFileSync(this.#log.path, `${line}\n`) }
}

/** What a dead process left in its group must not work beside its successor. */
function killGroup(pid: number): void {
  try { process.kill(-pid, 'SIGKILL') } catch { /* nothing was left */ }
}
