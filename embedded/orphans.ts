import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from './process-identity.js'

const GRACE_MS = 5000

/** Which children run, written down so that the next supervisor can end them when this one is killed. */
export class ChildrenFile {
  readonly #file: string
  #children: Record<string, ProcessIdentity> = {}
  constructor(file: string) { this.#file = file }

  add(name: string, pid: number): void {
    const identity = identify(pid)
    if (!identity) return // it has ended already
    this.#children[name] = identity
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#children))
    renameSync(`${this.#file}.new`, this.#file)
  }

  /**
   * End what an earlier supervisor left running: exactly those processes, by id and start. What releases started
   * (services of their own) is not in the list and goes on.
   * @returns the names of those ended
   */
  async endOrphans(): Promise<string[]> {
    if (!existsSync(this.#file)) return []
    const recorded = Object.entries(JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, ProcessIdentity>)
    const orphans = recorded.filter(([, orphan]) => isAlive(orphan))
    for (const [, { pid }] of orphans) signal(pid, 'SIGINT') // PostgreSQL takes SIGINT as its fast, clean shutdown
    const deadline = Date.now() + GRACE_MS
    while (orphans.some(([, orphan]) => isAlive(orphan)) && Date.now() < deadline) await sleep(50)
    for (const [, orphan] of orphans) if (isAlive(orphan)) signal(orphan.pid, 'SIGKILL')
    while (orphans.some(([, orphan]) => isAlive(orphan))) await sleep(50)
    return orphans.map(([name]) => name)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try { process.kill(pid, name) } catch { /* it ended in between */ }
}
