import { readFileSync } from 'node:fs'
import { failure } from '../../domain/failures.js'
import type { Json } from '../../domain/json.js'
import type { JobContext } from '../kind-runner.js'
import { ask, onTarget } from './ask.js'

const SCRIPT = readFileSync(new URL('./installation.sh', import.meta.url), 'utf8')
const CHANGED_MEANWHILE = 3
const KEEP_VERSIONS = 20

/** What a machine has of an application. Its record lies on the machine: it survives us and our database. */
export interface Installation {
  /** Null: not installed (any more). */
  version: string | null
  /** Versions before, newest first. */
  before: string[]
  /** Begun and not ended: the machine is between two versions. */
  change: InstallationChange | null
  /** Who wrote this. */
  releaseId: string
}
/** `key`: of the run that does it. */
export interface InstallationChange { operation: string; to: string | null; key: string }
/** A record as it was read: `text` to the byte, so that the next write can tell whether it is still that. */
export interface SeenInstallation { installation: Installation; text: string; state: string }

const NOTHING: Installation = { version: null, before: [], change: null, releaseId: '' }

/** The record of one application in one environment of a project. */
export class InstallationRecord {
  readonly #context: JobContext
  readonly #app: string
  readonly #environment: Record<string, string>
  constructor(context: JobContext, { app, stateDir }: { app: string; stateDir: string | undefined }) {
    const { tenant, project, environment } = context.call.release
    this.#context = context
    this.#app = app
    this.#environment = { STATE_DIR: stateDir ?? '', NAME: [tenant, project, environment, app].map(fileName).join('/') }
  }

  /** @param key reads once; asked again it answers the same */
  async read(key: string): Promise<SeenInstallation> {
    const { stdout, outputs } = await ask({ key, script: SCRIPT, environment: { ...this.#environment, DO: 'read' }, what: `reading what is installed of ${this.#app}` }, this.#context)
    const text = stdout.trimEnd()
    return { text, state: outputs['state'] ?? '', installation: text === '' ? NOTHING : this.#parse(text) }
  }

  /** All of it or nothing. @returns as it can be expected next. @throws CHECK_FAILED when it is no longer as it was seen */
  async write(key: string, seen: SeenInstallation, { version, before, change }: Pick<Installation, 'version' | 'before' | 'change'>, makeDir = ''): Promise<SeenInstallation> {
    const installation: Installation = { version, before: before.slice(0, KEEP_VERSIONS), change, releaseId: this.#context.call.release.releaseId }
    const text = JSON.stringify(installation)
    await this.put(key, seen, text, makeDir)
    return { installation, text, state: seen.state }
  }

  /** The record as it once was read; empty: there was none. @throws CHECK_FAILED as `write` does */
  async put(key: string, seen: SeenInstallation, text: string, makeDir = ''): Promise<void> {
    const what = `recording what is installed of ${this.#app}`
    const environment = { ...this.#environment, DO: 'write', EXPECTED: seen.text, RECORD: text, MAKE_DIR: makeDir }
    const { exitCode } = await ask({ key, script: SCRIPT, environment, answers: [CHANGED_MEANWHILE], what }, this.#context)
    if (exitCode === CHANGED_MEANWHILE) throw failure('CHECK_FAILED', `what is installed of ${this.#app}${onTarget(this.#context)} was changed by another hand meanwhile`)
  }

  #parse(text: string): Installation {
    try {
      return JSON.parse(text) as Installation
    } catch {
      throw failure('CHECK_FAILED', `the record of ${this.#app}${onTarget(this.#context)} is not one of ours: ${this.#context.redact(text).slice(0, 100)}`)
    }
  }
}

/** What the record says after an operation: going back forgets the versions above. */
export function afterOperation({ version, before }: Installation, operation: string, to: string | null): Pick<Installation, 'version' | 'before' | 'change'> {
  if (operation === 'rollback') return { version: to, before: to !== null && before.includes(to) ? before.slice(before.indexOf(to) + 1) : before, change: null }
  return { version: to, before: version === null || version === to ? before : [version, ...before.filter((one) => one !== version)], change: null }
}

/** For a job's outputs: what the installation store keeps. */
export const installedFacts = (operation: string, from: string | null, to: string | null): Json => ({ version: to, previousVersion: from, operation })

const fileName = (name: string): string => encodeURIComponent(name).replace(/^\./, '%2E')
