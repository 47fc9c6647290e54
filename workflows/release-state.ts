import { formatDuration } from '../domain/duration.js'
import type { Json } from '../domain/json.js'
import type { CompiledStage } from '../domain/compiled-plan.js'
import { isEnding, type Ending, type EventType, type JobView, type ReleaseEvent, type ReleaseInput, type ReleaseView, type SplitView, type StageView, type Waiting } from '../domain/release.js'

interface Place { stage?: string; job?: string; data?: Json }

/** What is to be seen of the release, and the events that led there. Everything else asks it, nothing else keeps it. */
export class ReleaseState {
  readonly view: ReleaseView
  #pending: ReleaseEvent[] = []
  #ending = false

  private constructor(view: ReleaseView) { this.view = view }

  static ofPlan({ release, plan, acceptedAt }: ReleaseInput): ReleaseState {
    return new ReleaseState({
      release, plan: { name: plan.name, description: plan.description, owner: plan.owner }, concurrency: plan.concurrency,
      status: 'accepted', reason: null, acceptedAt, startedAt: now(), endedAt: null, paused: null,
      stages: plan.stages.map(stageView), splits: [], waiting: [], approvals: [], undo: [], sequence: 0,
    })
  }

  /** Goes on where an ended release stopped. */
  static ofView(view: ReleaseView): ReleaseState { return new ReleaseState({ ...view, endedAt: null, waiting: [] }) }

  /** Put an event into the journal; the clerk writes it. */
  event(type: EventType, message: string, { stage, job, data }: Place = {}): void {
    this.view.sequence += 1
    this.#pending.push({ sequence: this.view.sequence, at: now(), type, stage: stage ?? null, job: job ?? null, message, data: data ?? null })
    this.#settle()
  }

  get hasNews(): boolean { return this.#pending.length > 0 }
  news(): ReleaseEvent[] { return this.#pending }
  written(count: number): void { this.#pending = this.#pending.slice(count) }

  /** A rollback stage may bear the name of one of the release's own; by then it is the one that is meant. */
  stage(name: string): StageView { return must(this.view.stages.findLast((stage) => stage.name === name), `stage ${name}`) }
  job(stage: string, name: string): JobView { return must(this.stage(stage).jobs.find((job) => job.name === name), `job ${name}`) }
  jobNamed(name: string): JobView | undefined { return this.view.stages.flatMap(({ jobs }) => jobs).findLast((job) => job.name === name) }
  /** Add the plan's rollback stages. @returns those that no earlier take-back has done */
  addRollback(stages: CompiledStage[]): CompiledStage[] {
    const { view } = this
    const isDone = ({ name }: CompiledStage): boolean => view.stages.some((stage) => stage.phase === 'rollback' && stage.name === name && stage.status === 'succeeded')
    const open = stages.filter((stage) => !isDone(stage))
    view.stages = [...view.stages.filter(({ phase, name }) => phase !== 'rollback' || !open.some((stage) => stage.name === name)), ...open.map(stageView)]
    return open
  }

  /** Say what is waited for until the returned function is called. */
  waitFor(waiting: Omit<Waiting, 'since' | 'until'> & { forMs?: number | null }): () => void {
    const { forMs, ...rest } = waiting
    const entry: Waiting = { ...rest, since: now(), until: forMs === undefined || forMs === null ? null : at(forMs) }
    this.view.waiting.push(entry)
    this.#settle()
    return () => {
      this.view.waiting = this.view.waiting.filter((other) => other !== entry)
      this.#settle()
    }
  }

  setPaused(paused: ReleaseView['paused']): void {
    const others = this.view.waiting.filter(({ what }) => what !== 'pause')
    const pause = paused === null ? [] : [{ what: 'pause' as const, where: 'release', since: paused.at, until: null, who: [], commands: ['resume', 'rollback', 'abort'], detail: `paused by ${paused.by}` }]
    Object.assign(this.view, { paused, waiting: [...others, ...pause] })
    this.#settle()
  }
  setSplit(split: Omit<SplitView, 'at' | 'before'>): void {
    const same = ({ gateway, route }: SplitView): boolean => gateway === split.gateway && route === split.route
    const known = this.view.splits.find(same)
    const before = known === undefined ? split.stable : known.before
    this.view.splits = [...this.view.splits.filter((other) => !same(other)), { ...split, before, at: now() }]
  }

  /** The route is as it was before the release. */
  splitRestored(route: unknown): void {
    this.view.splits = this.view.splits.map((split) => split.route === route ? { ...split, percent: 0, candidate: null, stable: split.before, at: now() } : split)
  }

  startRollingBack(reason: string): void {
    this.view.reason = reason
    this.#ending = true
    this.setPaused(null)
  }

  end(status: Ending, reason: string | null): void {
    Object.assign(this.view, { status, reason, endedAt: now(), waiting: [], paused: null })
    this.event('release.ended', `${status.replace('_', ' ')}${reason === null ? '' : `: ${reason}`}`, { data: { status, reason } })
  }

  #settle(): void {
    const { view } = this
    if (isEnding(view.status) && view.endedAt !== null) return
    const waits = new Set(view.waiting.map(({ what }) => what))
    view.status = this.#ending ? 'rolling_back' : view.paused ? 'paused' : waits.has('lock') ? 'queued'
      : waits.has('window') ? 'waiting_window' : waits.has('approval') && !this.#anyRuns() ? 'approving' : 'running'
  }

  #anyRuns(): boolean { return this.view.stages.some(({ jobs }) => jobs.some(({ status }) => status === 'running')) }
}

export const now = (): string => new Date().toISOString()
export const at = (inMs: number): string => new Date(Date.now() + inMs).toISOString()
export const since = (start: string | null): string => start === null ? '' : formatDuration(Date.now() - Date.parse(start))

const stageView = ({ name, phase, jobs }: CompiledStage): StageView => ({
  name, phase, status: 'pending', startedAt: null, endedAt: null,
  jobs: jobs.map((job) => ({ name: job.name, kind: job.kind, status: 'pending', attempt: 0, startedAt: null, endedAt: null, message: null, outputs: {}, phases: [], ...(job.plugin && { plugin: job.plugin }) })),
})

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what} in this release`)
  return value
}
