import { CancellationScope, condition, sleep } from '@temporalio/workflow'
import type { Command, JobCommand, PromoteCommand, Promotes } from '../domain/decision.js'
import { formatDuration } from '../domain/duration.js'
import { failure } from '../domain/failures.js'
import { isEnding, type Ending } from '../domain/release.js'
import type { Accepted } from './messages.js'
import type { ReleaseState } from './release-state.js'

/** Why the story was stopped from outside. */
export interface Stop { ending: Exclude<Ending, 'succeeded' | 'failed'>; reason: string }
/** A place that a person can move on: a hold, a question. `job` null: not of one job. */
interface Station { job: string; commands: ('promote' | 'retry')[]; full: Promotes | undefined; promoted: PromoteCommand['to'] | null; retried: boolean }

const PROMOTES: Record<Promotes, string> = {
  traffic: 'sends everything to the new version', checks: 'skips the rest of the hold and the checks of the waves that follow', intervals: 'skips the waits between the batches of the wave',
}

/** What people may do to a running release. Every `may…` answers why not; it is an update's validator. */
export class Controls {
  /** All that acts runs in here; cancelled to stop it. */
  readonly scope = new CancellationScope()
  stop: Stop | null = null
  readonly #state: ReleaseState
  #stations: Station[] = []
  #pausedMs = 0
  constructor(state: ReleaseState) { this.#state = state }

  mayPause(): void { this.#mustRun('pause'); if (this.#state.view.paused) throw failure('RELEASE_CONFLICT', 'already paused') }
  pause({ by, reason }: Command): Accepted {
    this.#state.setPaused({ by, at: new Date().toISOString() })
    return this.noted('paused', `paused by ${by}`, reason)
  }

  mayResume(): void { if (!this.#state.view.paused) throw failure('RELEASE_CONFLICT', 'not paused') }
  resume({ by, reason }: Command): Accepted {
    this.#pausedMs = this.pausedMs
    this.#state.setPaused(null)
    return this.noted('resumed', `resumed by ${by}`, reason)
  }

  mayPromote({ job }: PromoteCommand): void { this.#station('promote', job) }
  promote({ by, to, job, reason }: PromoteCommand): Accepted {
    const station = this.#station('promote', job)
    station.promoted = to
    return this.noted('promoted', `${by} ${to === 'full' && station.full ? PROMOTES[station.full] : 'skips the rest of the hold'}`, reason)
  }

  mayRetry({ job }: JobCommand): void { this.#station('retry', job) }
  retry({ by, job, reason }: JobCommand): Accepted {
    this.#station('retry', job).retried = true
    return this.noted('retry.requested', `retried by ${by}`, reason)
  }

  mayStop(): void { this.#mustRun('stop') }
  /** Nothing new begins once it is being taken back. */
  mayAct(command: string): void { this.#mustRun(command) }
  abort({ by, reason }: Command): Accepted {
    this.#stopWith({ ending: 'cancelled', reason: `aborted by ${by}${reason === undefined ? '' : `: ${reason}`}` })
    return this.noted('abort.requested', `abort asked for by ${by}`, reason)
  }
  rollback({ by, reason }: Command): Accepted {
    this.#stopWith({ ending: 'rolled_back', reason: `rolled back by ${by}${reason === undefined ? '' : `: ${reason}`}` })
    return this.noted('rollback.requested', `rollback asked for by ${by}`, reason)
  }
  superseded(by: string): void {
    if (this.stop === null && this.#state.view.status !== 'rolling_back') this.#stopWith({ ending: 'superseded', reason: `release ${by} took its place` })
  }

  /** The plan's own limit; waiting counts. */
  stopAfter(ms: number, acted: () => boolean): void {
    void this.scope.run(async () => {
      await sleep(ms, { summary: 'the plan\'s timeout' })
      this.#stopWith({ ending: acted() ? 'rolled_back' : 'expired', reason: `took longer than ${formatDuration(ms)}` })
    }).catch(() => undefined) // the story ended first
  }

  get isPaused(): boolean { return this.#state.view.paused !== null }
  /** How long it has been paused so far. */
  get pausedMs(): number {
    const { paused } = this.#state.view
    return this.#pausedMs + (paused === null ? 0 : Date.now() - Date.parse(paused.at))
  }
  /** Before anything acts: wait while paused. */
  async pausePoint(): Promise<void> { if (this.isPaused) await condition(() => !this.isPaused) }

  /** Open a place where `promote` or `retry` mean something, until the returned function is called. */
  station(job: string, commands: Station['commands'], full?: Promotes): Station & { close(): void } {
    const station = { job, commands, full, promoted: null, retried: false, close: () => { this.#stations = this.#stations.filter((other) => other !== station) } } as Station & { close(): void }
    this.#stations.push(station)
    return station
  }

  #stopWith(stop: Stop): void {
    this.stop = stop
    this.#state.setPaused(null)
    this.scope.cancel()
  }

  #station(command: 'promote' | 'retry', job: string | undefined): Station {
    const open = this.#stations.filter((station) => station.commands.includes(command))
    const asked = job === undefined ? open : open.filter((station) => station.job === job)
    const [station] = asked
    if (station === undefined) throw failure('RELEASE_CONFLICT', `nothing to ${command}${job === undefined ? '' : ` in ${job}`}: the release is ${this.#state.view.status}`)
    if (asked.length > 1) throw failure('RELEASE_CONFLICT', `say which job: ${asked.map((one) => one.job).join(', ')}`)
    return station
  }

  #mustRun(command: string): void {
    const { status } = this.#state.view
    if (this.stop !== null || status === 'rolling_back' || isEnding(status)) throw failure('RELEASE_CONFLICT', `too late to ${command}: the release is ${status.replace('_', ' ')}`)
  }

  noted(type: Parameters<ReleaseState['event']>[0], message: string, reason: string | undefined): Accepted {
    this.#state.event(type, reason === undefined ? message : `${message}: ${reason}`)
    return { status: this.#state.view.status, waiting: this.#state.view.waiting }
  }
}
