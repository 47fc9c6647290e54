import type { JobCall } from '../activities/contract.js'
import type { CompiledJob, CompiledPlan, CompiledStage, Door } from '../domain/compiled-plan.js'
import { evaluate } from '../domain/expression.js'
import { failure } from '../domain/failures.js'
import type { Json, JsonObject } from '../domain/json.js'
import { fillIn } from '../domain/late-value.js'
import { splitPath } from '../domain/reference-path.js'
import type { Ending, ReleaseOutcome } from '../domain/release.js'
import type { TargetRef } from '../domain/target.js'
import { ApprovalDesk } from './approval-desk.js'
import { Clerk } from './clerk.js'
import { Controls } from './controls.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { Fleets } from './fleet/fleets.js'
import type { Place } from './proxies.js'
import type { ReleaseState } from './release-state.js'
import type { UndoLog } from './undo-log.js'

/** What a run is told when it is one target's. */
export interface RunOfTarget {
  ref: TargetRef
  place: Place | undefined
  /** Tries of its jobs in earlier runs: their keys are used. */
  triesBefore: number
  /** Status and outputs of the release's earlier jobs. */
  jobs: JsonObject
}

/** What a story needs: the plan's facts, and the desk, the controls, the undo log of this run. */
export class ReleaseRun {
  readonly state: ReleaseState
  readonly undo: UndoLog
  readonly desk: ApprovalDesk
  readonly controls: Controls
  readonly clerk: Clerk
  readonly options: CompiledPlan['options']
  /** Something outside may have changed. */
  acted = false
  /** A stage with `onError: stop` failed: nothing is undone. */
  stopsWhereItIs = false
  /** Null: the release's own. */
  readonly target: RunOfTarget | null
  readonly fleets: Fleets
  readonly scope: CompiledPlan['scope']
  readonly #before = new Map<string, unknown>()

  constructor({ state, undo, scope, options, doors, skipApproval, target = null }: { state: ReleaseState; undo: UndoLog; scope: CompiledPlan['scope']; options: CompiledPlan['options']; doors: Door[]; skipApproval: boolean; target?: RunOfTarget | null }) {
    this.state = state
    this.undo = undo
    this.desk = new ApprovalDesk(state, { doors, skipApproval })
    this.controls = new Controls(state)
    this.clerk = new Clerk(state, undo, this.desk)
    this.options = options
    this.target = target
    this.fleets = new Fleets(state, this.controls)
    this.scope = scope
  }

  /** A job's call, what its config takes from earlier jobs filled in. @throws CONFIG_INVALID for an output that is not there */
  call(stage: CompiledStage, job: CompiledJob, attempt: number): JobCall {
    const { release, acceptedAt } = this.state.view
    const fill = (value: JsonObject): JsonObject => fillIn(value, (part) => 'ref' in part ? this.#output(part.ref) : undefined) as JsonObject
    const { ref = null, triesBefore = 0 } = this.target ?? {}
    const nth = attempt + triesBefore
    return {
      release, acceptedAt, stage: stage.name, job: job.name, kind: job.kind, attempt: nth, target: ref,
      idempotencyKey: `${release.releaseId}/${stage.name}/${job.name}${ref === null ? '' : `@${ref.name}`}/${nth}`,
      config: fill(job.config), variables: fill(job.variables), ...(job.plugin && { plugin: job.plugin }),
    }
  }

  /** What was there before a job first acted; a job that is tried again gets the same. */
  async before<T>(key: string, read: () => Promise<T>): Promise<T> {
    if (!this.#before.has(key)) this.#before.set(key, await read())
    return this.#before.get(key) as T
  }

  /** A CEL condition. @throws CONFIG_INVALID when it cannot be evaluated */
  holds(expression: string, where: string): boolean {
    try { return evaluate(expression, this.#facts()) === true } catch (error) {
      mustBeFailure(error)
      throw failure('CONFIG_INVALID', `condition of ${where}: ${reasonOf(error)}`)
    }
  }

  /** Is there anything that could have to be taken back? */
  get hasActed(): boolean { return this.acted || !this.undo.isEmpty }

  /** Say how it ended. */
  end(ending: Ending, reason: string | null, leftOver: ReleaseOutcome['leftOver']): ReleaseOutcome {
    this.state.end(ending, reason)
    return { status: ending, reason, leftOver }
  }

  /** Undos that are still open, with what a person must do. */
  leftOver(): ReleaseOutcome['leftOver'] {
    return this.undo.leftOver.flatMap(({ what, error, manual, left = [] }) => left.length > 0 ? left : [{ what, error: error ?? 'left as it is', manual }])
  }

  /** The workflow's own end: only a release that left something half-way has failed. @throws UNDO_FAILED */
  conclude(outcome: ReleaseOutcome): ReleaseOutcome {
    if (outcome.status !== 'failed') return outcome
    const left = outcome.leftOver.map(({ what, error, manual }) => `${what} (${error}): ${manual}`).join('; ')
    throw failure('UNDO_FAILED', `${outcome.reason ?? 'failed'}. Left: ${left}`)
  }

  #facts(): JsonObject {
    const { view } = this.state
    const jobs = view.stages.flatMap((stage) => stage.jobs).map((job): [string, Json] => [job.name, { status: job.status, outputs: job.outputs }])
    const { ref = null, jobs: before = {} } = this.target ?? {}
    return { ...this.scope, ...(ref && { target: ref as unknown as Json }), release: { ...view.release, id: view.release.releaseId, status: view.status }, jobs: { ...before, ...Object.fromEntries(jobs) } }
  }

  #output(path: string): Json {
    const [root, name = '', , ...keys] = splitPath(path) ?? []
    if (root === 'target') return this.#ofTarget(path)
    const before = this.target?.jobs[name] as { outputs?: Json } | undefined
    let value: Json | undefined = this.state.jobNamed(name)?.outputs ?? before?.outputs
    for (const key of keys) value = typeof value === 'object' && value !== null ? (value as JsonObject)[key] : undefined
    if (value === undefined) throw failure('CONFIG_INVALID', `\${${path}}: job ${name} (${this.state.jobNamed(name)?.status ?? 'unknown'}) gave no such output`)
    return value
  }

  #ofTarget(path: string): Json {
    const [, ...keys] = splitPath(path) ?? []
    const value = keys.reduce<unknown>((owner, key) => typeof owner === 'object' && owner !== null ? (owner as Record<string, unknown>)[key] : undefined, this.target?.ref)
    if (value === undefined || value === null) throw failure('CONFIG_INVALID', `\${${path}}: target ${this.target?.ref.name ?? ''} has none`)
    return value as Json
  }
}
