import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { createLockActivities } from '../../activities/lock.js'
import { createFleetActivities } from '../../activities/fleet/index.js'
import type { CoreActivities, JobCall, JobResult, JudgeInput, JudgeResult, RolloutActivities, UndoCall } from '../../activities/contract.js'
import type { Change } from '../../domain/change.js'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import { failure } from '../../domain/failures.js'
import { releaseWorkflowId, rollbackWorkflowId, type ReleaseEvent, type ReleaseInput, type ReleaseOutcome, type ReleaseView, type RollbackInput } from '../../domain/release.js'
import type { UndoEntry } from '../../domain/undo.js'
import type { releaseWorkflow } from '../../workflows/release.js'
import type { rollbackWorkflow } from '../../workflows/rollback.js'
import { releaseQuery } from '../../workflows/messages.js'
import { FleetRecords } from './fleet-records.js'
import { inputOf } from './plan-builder.js'

/** Where a world's releases run. `sleep` is the server's time. */
export interface Place { client: Client; taskQueue: string; sleep(ms: number): Promise<void> }
type Handle = WorkflowHandleWithFirstExecutionRunId<typeof releaseWorkflow>
/** What the database knows of one release. */
interface Row { events: ReleaseEvent[]; view: ReleaseView; undo: UndoEntry[] }
const PASS: JudgeResult = { verdict: 'pass', reason: 'all well', measures: { errorRate: 0 }, requests: 100, checks: 3 }

/** The far side of releases as hand-written fakes: a gateway, versions, scripts, metrics, a database, all in memory. */
export class ReleaseWorld {
  /** What happened outside, in order: `split 10`, `run smoke`, `undo rollout.restoreRoute rollout` … */
  readonly trace: string[] = []
  readonly rows = new Map<string, Row>()
  /** Events that were written although the database had them. */
  doubles = 0
  /** What the judge says, asked by percent or job name; a function may change its mind. */
  judge: (what: string, input: JudgeInput) => JudgeResult | Promise<JudgeResult> = () => PASS
  /** What scripts do, by job name. */
  script: (call: JobCall) => Promise<JobResult> | JobResult = () => DONE
  /** What health checks of waves say. */
  health: (call: JobCall) => Promise<JobResult> | JobResult = () => DONE
  /** Undos that are refused, by activity type, or by `<job>@<target>`. */
  failingUndos = new Set<string>()
  /** Undos whose far side does not answer the first so many times, by activity type. */
  unreachableUndos = new Map<string, number>()
  /** What an undo waits for before it acts. */
  undoGate: Promise<void> = Promise.resolve()
  decisionsAreGood: true | string = true
  databaseIsAway = false
  opensAtMs: (atMs: number) => number | null = (atMs) => atMs
  /** Targets, and how far each of them is. */
  readonly fleet = new FleetRecords()
  /** Of the lock, so that tests do not wait for each other. */
  readonly key = randomUUID()
  handle: Handle | null = null
  releaseId = ''
  readonly #place: Place
  constructor(place: Place) { this.#place = place }

  get view(): ReleaseView | null { return this.rows.get(this.releaseId)?.view ?? null }
  get journal(): ReleaseEvent[] { return this.rows.get(this.releaseId)?.events ?? [] }
  get undo(): UndoEntry[] { return this.rows.get(this.releaseId)?.undo ?? [] }
  /** The plan's key, as the lock knows it. */
  lockKey(plan: CompiledPlan): string { return `${plan.concurrency.key}/${this.key}` }

  async start(plan: CompiledPlan, { releaseId = `r-${randomUUID()}`, ...options }: Partial<ReleaseInput['options']> & { releaseId?: string } = {}): Promise<Handle> {
    this.releaseId = releaseId
    const { client, taskQueue } = this.#place
    const unique = { ...plan, concurrency: { ...plan.concurrency, key: this.lockKey(plan) } }
    this.handle = await client.workflow.start<typeof releaseWorkflow>('releaseWorkflow', { workflowId: releaseWorkflowId('default', releaseId), taskQueue, args: [inputOf(releaseId, unique, options)] })
    return this.handle
  }

  async run(plan: CompiledPlan, options: Partial<ReleaseInput['options']> = {}): Promise<ReleaseOutcome> { return (await this.start(plan, options)).result() }

  /** Take the release back after its end, as the API does it, from what the journal kept. */
  async startTakeBack(more: Partial<RollbackInput> = {}): Promise<WorkflowHandleWithFirstExecutionRunId<typeof rollbackWorkflow>> {
    const { client, taskQueue } = this.#place
    if (this.view === null) throw new Error('nothing is journalled')
    const input: RollbackInput = {
      release: this.view.release, attempt: 1, view: this.view, undo: this.undo.filter(({ state }) => state !== 'undone'),
      rollback: [], scope: { variables: {}, metadata: {}, env: {}, includes: {} }, by: 'ann', reason: 'too many returns', ...more,
    }
    return client.workflow.start<typeof rollbackWorkflow>('rollbackWorkflow', { workflowId: rollbackWorkflowId('default', this.releaseId, input.attempt), taskQueue, args: [input] })
  }

  /** Let server time pass. */
  async sleep(ms: number): Promise<void> { await this.#place.sleep(ms) }

  async seen(handle = this.handle): Promise<ReleaseView> {
    if (handle === null) throw new Error('start a release first')
    return handle.query(releaseQuery)
  }

  /** Wait, by server time, until the view says so. */
  async until(what: (view: ReleaseView) => boolean, stepMs = 1000, handle = this.handle): Promise<ReleaseView> {
    for (let tries = 0; tries < 400; tries += 1) {
      const view = await this.seen(handle)
      if (what(view)) return view
      await this.#place.sleep(stepMs)
    }
    throw new Error(`never came to pass: ${what.toString()}; the release is ${JSON.stringify(await this.seen(handle)).slice(0, 4000)}`)
  }

  activities(): Record<string, (input: never) => unknown> {
    const undone = async ({ call }: UndoCall, type: string): Promise<void> => {
      await this.undoGate
      this.trace.push(`undo ${type} ${named(call)}`)
      if (this.failingUndos.has(type) || this.failingUndos.has(named(call))) throw failure('TARGET_REFUSED', `${type} said no`)
      const silent = this.unreachableUndos.get(type) ?? 0
      this.unreachableUndos.set(type, silent - 1)
      if (silent > 0) throw failure('TARGET_UNREACHABLE', `${type} got no answer`)
    }
    const core: Omit<CoreActivities, 'acquireLock' | 'isWorkflowOpen'> = {
      journal: async ({ events, view, undo }) => {
        if (this.databaseIsAway) throw failure('UNAVAILABLE', 'the database is away')
        const row = this.rows.get(view.release.releaseId) ?? { events: [], view, undo: [] }
        const news = events.filter(({ sequence }) => !row.events.some((event) => event.sequence === sequence))
        this.doubles += events.length - news.length
        this.rows.set(view.release.releaseId, { events: [...row.events, ...news], view, undo: [...row.undo.map((old) => undo.find(({ id }) => id === old.id) ?? old), ...undo.filter(({ id }) => !row.undo.some((old) => old.id === id))] })
      },
      verifyDecision: async () => this.decisionsAreGood === true ? { good: true } : { good: false, why: this.decisionsAreGood },
      nextOpening: async ({ atMs }) => ({ opensAtMs: this.opensAtMs(atMs) }),
    }
    const sealed = { sealed: 'v1:none' }
    const stable = { id: 'r-before', version: '2.3.0', url: 'http://127.0.0.1:1' }
    const rollout: RolloutActivities = {
      'rollout.snapshot': async () => ({ snapshot: sealed, stable }),
      'rollout.preview': async ({ job }) => { this.trace.push(`preview ${job}`); return [{ what: 'route edge/shop', action: 'update', before: '2.3.0', after: '100% to 2.4.0' }] },
      'rollout.locate': async ({ release }) => ({ url: `http://${release.version}.test:80` }),
      'rollout.deploy': async ({ release, job }) => { this.trace.push(`deploy ${job}`); return { candidate: { id: release.releaseId, version: release.version, url: 'http://127.0.0.1:2' }, outputs: { url: 'http://127.0.0.1:2' }, message: '' } },
      'rollout.setSplit': async ({ percent, candidate }) => { this.trace.push(`split ${percent}`); return { split: { stable, candidate, percent, sticky: null }, counters: null } },
      'rollout.judge': async (input) => this.judge(input.what, input),
      'rollout.finish': async ({ call }) => { this.trace.push(`finish ${call.job}`) },
      'rollout.reviveStable': (input) => undone(input, 'rollout.reviveStable'),
      'rollout.restoreRoute': (input) => undone(input, 'rollout.restoreRoute'),
      'rollout.removeCandidate': (input) => undone(input, 'rollout.removeCandidate'),
    }
    const { client, taskQueue } = this.#place
    return {
      ...core, ...rollout, ...createLockActivities({ client, taskQueue }),
      'script.snapshot': async ({ job }: JobCall) => { this.trace.push(`snapshot ${job}`); return sealed },
      'script.execute': async (call: JobCall) => { this.trace.push(`run ${named(call)}`); return this.script(call) },
      'script.uninstall': async (call: JobCall) => { this.trace.push(`uninstall ${named(call)}`); return this.script(call) },
      'validation.execute': async (call: JobCall) => { this.trace.push(`check ${named(call)}`); return this.health(call) },
      ...createFleetActivities(this.fleet.deps()),
      'script.preview': async ({ job }: JobCall): Promise<Change[]> => { this.trace.push(`preview ${job}`); return [{ what: job, action: 'run', before: null, after: null }] },
      'script.rollback': (input: UndoCall) => undone(input, 'script.rollback'),
    }
  }
}

/** A job of a stage with targets is told apart by its target. */
const named = ({ job, target }: JobCall): string => target === null ? job : `${job}@${target.name}`
export const DONE: JobResult = { outputs: {}, message: '', artifacts: [] }

/** Inside an activity: goes on until the release no longer wants it. */
export async function untilStopped(): Promise<never> {
  const context = Context.current()
  const beat = setInterval(() => { context.heartbeat() }, 100)
  try { return await context.cancelled } finally { clearInterval(beat) }
}

/** Activities of whichever world is current: one worker serves all worlds of a file. */
export function activitiesOf(current: () => ReleaseWorld): Record<string, (input: never) => unknown> {
  return Object.fromEntries(Object.keys(current().activities()).map((name) => [name, (input: never) => current().activities()[name]?.(input)]))
}
