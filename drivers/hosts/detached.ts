import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import { mustHaveRoom, writeWhole } from './local-files.js'
import { born, isGroupAlive } from './processes.js'

const LAUNCHER = readFileSync(new URL('./launcher.sh', import.meta.url), 'utf8')
const CLAIM_WITHIN_MS = 10_000

/** Who runs a generation. `pid` leads a session and process group of its own. */
export interface Claim { pid: number; born: string; port: number; startedAtMs: number }
export interface Launch { mode: 'script' | 'service'; command: string[]; workDir: string; environment: Record<string, string>; port: number }

/**
 * One detached command and its record in a directory. Everything about it is in files that the launcher writes
 * (launcher.sh), so that any process finds it again, and two that launch it make one.
 */
export class Detached {
  readonly directory: string
  readonly generation: number
  constructor(directory: string, generation: number) { this.directory = directory; this.generation = generation }

  /** Null: nobody has started it. */
  async claim(): Promise<Claim | null> {
    const file = this.#file('claim')
    const text = await read(file)
    if (text === null) return null
    const [pid, start, port] = text.split('\n')
    return { pid: Number(pid), born: (start ?? '').trim(), port: Number(port), startedAtMs: (await stat(file)).mtimeMs }
  }

  /** Its exit code (128 + n when signal n ended it) or the word it was stopped with; null: not on record. */
  async ended(): Promise<string | null> { return (await read(this.#file('exit')))?.trim() ?? null }

  /** The command's own pid, a child of the launcher. */
  async pid(): Promise<number | null> { return Number(await read(this.#file('pid'))) || null }

  async isAlive(claim: Claim): Promise<boolean> { return await born(claim.pid) === claim.born }

  /** Start it unless somebody has. @throws TARGET_UNREACHABLE when this machine does not let us, ENOSPC, CONFIG_INVALID when the environment is none */
  async launch({ mode, command, workDir, environment, port }: Launch): Promise<Claim> {
    const file = join(this.directory, 'launcher.sh') // a copy: a shell reads on while it runs, and an upgrade may replace ours meanwhile
    await writeWhole(file, LAUNCHER)
    const launcher = start([file, this.directory, String(this.generation), String(port), mode, workDir, ...command], environment)
    const until = Date.now() + CLAIM_WITHIN_MS
    for (let waitMs = 5; ; waitMs = Math.min(waitMs * 2, 100)) {
      const gone = launcher.gone()
      const claim = await this.claim()
      if (claim) return claim
      if (gone !== null) await mustHaveRoom(this.directory) // or there was none for its claim
      if (gone !== null || Date.now() > until) throw failure('TARGET_UNREACHABLE', `this machine did not start ${command.join(' ')}: ${gone ?? 'no sign of it'}`)
      await delay(waitMs)
    }
  }

  /**
   * End it and everything in its group: SIGTERM, after `graceMs` SIGKILL. Its end is on record after this.
   * @param word how it ended, unless it ended by itself before
   */
  async stop(claim: Claim, word: string, graceMs: number): Promise<void> {
    if (await this.ended() === null) {
      await writeFile(this.#file('stop'), `${word}\n`, { flag: 'wx' }).catch(ignore('EEXIST', 'ENOSPC')) // no room for the word: then its end is the signal's
      const until = Date.now() + graceMs
      if (await this.isAlive(claim)) signal(claim.pid, 'SIGTERM')
      while (Date.now() < until && await this.ended() === null && await this.isAlive(claim)) await delay(20)
    }
    await this.sweep(claim)
    await this.#record(claim, word)
  }

  /** Kill what is left of its group. The pid may be another's by now: then, or when its launcher has tidied up, nothing is left. */
  async sweep(claim: Claim): Promise<void> {
    const now = await born(claim.pid)
    if (now !== claim.born && (now !== null || await this.ended() !== null)) return
    while (signal(claim.pid, 'SIGKILL') && await isGroupAlive(claim.pid)) await delay(20)
  }

  /** Only if it has no end yet. On a full disk, in the room that its launcher has taken for it. */
  async #record({ pid }: Claim, word: string): Promise<void> {
    if (await this.ended() !== null) return
    const draft = this.#file(`exit.${process.pid}.${Math.random()}`)
    const hasRoom = await rename(join(this.directory, `exit.${pid}`), draft).then(() => true, ignore('ENOENT'))
    await writeFile(draft, `${word.padEnd(16)}\n`, { flag: hasRoom === true ? 'r+' : 'w' })
    await link(draft, this.#file('exit')).catch(ignore('EEXIST'))
    await rm(draft, { force: true })
  }

  #file(what: string): string { return join(this.directory, `${this.generation}.${what}`) }
}

function start(args: string[], environment: Record<string, string>): { gone(): string | null } {
  let gone: string | null = null
  try {
    const child = spawn('/bin/sh', args, { cwd: '/', env: environment, detached: true, stdio: 'ignore' })
    child.on('error', (error) => { gone = error.message })
    child.on('exit', (code, signalName) => { gone = `its launcher ended with ${code ?? signalName}` })
    child.unref()
  } catch (error) { // Node checks names and values before it spawns; the kernel, their size
    throw failure('CONFIG_INVALID', `the environment cannot be handed to a process: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
  }
  return { gone: () => gone }
}

/** False: there is no such group. */
function signal(group: number, name: NodeJS.Signals): boolean {
  try { return process.kill(-group, name) } catch { return false }
}

async function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: unknown) => { ignore('ENOENT')(error); return null })
}

const ignore = (...codes: string[]) => (error: unknown): void => { if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error }
