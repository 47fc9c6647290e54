// The far side of a release as hand-written fakes on the real time-skipping server: a gateway, versions, scripts, metrics, all in memory.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { createLockActivities } from '../../activities/lock.js'
import type { CoreActivities, JobCall, JobResult, JudgeInput, JudgeResult, RolloutActivities, UndoCall } from '../../activities/contract.js'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import { failure } from '../../domain/failures.js'
import { releaseWorkflowId, type ReleaseEvent, type ReleaseInput, type ReleaseOutcome, type ReleaseView } from '../../domain/release.js'
import type { UndoEntry } from '../../domain/undo.js'
import type { releaseWorkflow } from '../../workflows/release.js'
import { releaseQuery } from '../../workflows/messages.js'
import { inputOf } from './plan-builder.js'
import { testServerBinary } from '../../embedded/tools.js'

Runtime.install({ logger: new DefaultLogger('WARN') })
export const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: testServerBinary() } } })
await env.connection.operatorService.addSearchAttributes({ namespace: env.namespace ?? 'default', searchAttributes: { ReleaseStatus: 2 } })
const workflowBundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)), logger: new DefaultLogger('WARN') })

type Handle = WorkflowHandleWithFirstExecutionRunId<typeof releaseWorkflow>
const PASS: JudgeResult = { verdict: 'pass', reason: 'all well', measures: { errorRate: 0 }, requests: 100, checks: 3 }

export class ReleaseWorld {
  /** What happened outside, in order: `split 10`, `run smoke`, `undo rollout.restoreRoute` … */
  readonly trace: string[] = []
  readonly journal: ReleaseEvent[] = []
  view: ReleaseView | null = null
  undo: UndoEntry[] = []
  /** What the judge says, asked by percent or job name; a function may change its mind. */
  judge: (what: string, input: JudgeInput) => JudgeResult | Promise<JudgeResult> = () => PASS
  /** What scripts do, by job name. */
  script: (call: JobCall) => Promise<JobResult> | JobResult = () => ({ outputs: {}, message: '', artifacts: [] })
  /** Undos that fail, by activity type. */
  failingUndos = new Set<string>()
  decisionsAreGood: true | string = true
  databaseIsAway = false
  opensAtMs: (atMs: number) => number | null = (atMs) => atMs
  /** Of the lock, so that tests do not wait for each other. */
  readonly key = randomUUID()
  handle: Handle | null = null
  releaseId = ''


  async start(plan: CompiledPlan, { releaseId = `r-${randomUUID()}`, ...options }: Partial<ReleaseInput['options']> & { releaseId?: string } = {}): Promise<Handle> {
    this.releaseId = releaseId
    const unique = { ...plan, concurrency: { ...plan.concurrency, key: `${plan.concurrency.key}/${this.key}` } }
    this.handle = await env.client.workflow.start<typeof releaseWorkflow>('releaseWorkflow', { workflowId: releaseWorkflowId('default', releaseId), taskQueue: TASK_QUEUE, args: [inputOf(releaseId, unique, options)] })
    return this.handle
  }

  async run(plan: CompiledPlan, options: Partial<ReleaseInput['options']> = {}): Promise<ReleaseOutcome> { return (await this.start(plan, options)).result() }

  async seen(): Promise<ReleaseView> {
    if (this.handle === null) throw new Error('start a release first')
    return this.handle.query(releaseQuery)
  }

  /** Wait, by server time, until the view says so. */
  async until(what: (view: ReleaseView) => boolean, stepMs = 1000): Promise<ReleaseView> {
    for (let tries = 0; tries < 400; tries += 1) {
      const view = await this.seen()
      if (what(view)) return view
      await env.sleep(stepMs)
    }
    throw new Error(`never came to pass: ${what.toString()}; the release is ${JSON.stringify((await this.seen()).waiting)}`)
  }

  activities(): Record<string, (input: never) => unknown> {
    const undone = async ({ call }: UndoCall, type: string): Promise<void> => {
      this.trace.push(`undo ${type} ${call.job}`)
      if (this.failingUndos.has(type)) throw failure('TARGET_REFUSED', `${type} said no`)
    }
    const core: Omit<CoreActivities, 'acquireLock' | 'isWorkflowOpen'> = {
      journal: async ({ events, view, undo }) => {
        if (this.databaseIsAway) throw failure('UNAVAILABLE', 'the database is away')
        for (const event of events) if (!this.journal.some(({ sequence }) => sequence === event.sequence && view.release.releaseId === this.releaseId)) this.journal.push(event)
        this.view = view
        this.undo = [...this.undo.filter(({ id }) => !undo.some((entry) => entry.id === id)), ...undo]
      },
      verifyDecision: async () => this.decisionsAreGood === true ? { good: true } : { good: false, why: this.decisionsAreGood },
      nextOpening: async ({ atMs }) => ({ opensAtMs: this.opensAtMs(atMs) }),
    }
    const sealed = { sealed: 'v1:none' }
    const stable = { id: 'r-before', version: '2.3.0', url: 'http://127.0.0.1:1' }
    const rollout: RolloutActivities = {
      'rollout.snapshot': async () => ({ snapshot: sealed, stable }),
      'rollout.deploy': async ({ release, job }) => { this.trace.push(`deploy ${job}`); return { candidate: { id: release.releaseId, version: release.version, url: 'http://127.0.0.1:2' }, outputs: { url: 'http://127.0.0.1:2' }, message: '' } },
      'rollout.setSplit': async ({ percent, candidate }) => { this.trace.push(`split ${percent}`); return { split: { stable, candidate, percent, sticky: null } } },
      'rollout.judge': async (input) => this.judge(input.what, input),
      'rollout.finish': async ({ call }) => { this.trace.push(`finish ${call.job}`) },
      'rollout.reviveStable': (input) => undone(input, 'rollout.reviveStable'),
      'rollout.restoreRoute': (input) => undone(input, 'rollout.restoreRoute'),
      'rollout.removeCandidate': (input) => undone(input, 'rollout.removeCandidate'),
    }
    return {
      ...core, ...rollout, ...createLockActivities({ client: env.client, taskQueue: TASK_QUEUE }),
      'script.execute': async (call: JobCall) => { this.trace.push(`run ${call.job}`); return this.script(call) },
      'script.rollback': (input: UndoCall) => undone(input, 'script.rollback'),
    }
  }
}

// One worker for all worlds of a file: one that is stopped with a task in its hands keeps the server from skipping time.
const TASK_QUEUE = 'releases'
let current = new ReleaseWorld()
const names = Object.keys(current.activities())
const worker = await Worker.create({
  connection: env.nativeConnection, taskQueue: TASK_QUEUE, workflowBundle,
  activities: Object.fromEntries(names.map((name) => [name, (input: never) => current.activities()[name]?.(input)])),
})
const stopped = worker.run()

/** A new far side; activities of earlier tests have ended by then. */
export function newWorld(): ReleaseWorld {
  current = new ReleaseWorld()
  return current
}

export async function closeWorlds(): Promise<void> {
  worker.shutdown()
  await stopped
  await env.teardown()
}
