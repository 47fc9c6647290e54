import { CancellationScope, executeChild, workflowInfo, type ChildWorkflowHandle } from '@temporalio/workflow'
import type { CompiledStage } from '../../domain/compiled-plan.js'
import type { TargetCommand } from '../../domain/decision.js'
import type { CompiledFleet } from '../../domain/fleet.js'
import { failure } from '../../domain/failures.js'
import { noteChanges, type TargetChange, type TargetRunStatus } from '../../domain/target-run.js'
import type { Controls } from '../controls.js'
import { isStopped, mustBeFailure, reasonOf } from '../failing.js'
import type { Accepted } from '../messages.js'
import type { ReleaseState } from '../release-state.js'
import { targetWorkflowId, type RunTarget, type RunWave, type TargetResult, type TargetUndoInput, type UndoTarget } from './inputs.js'
import { waveNewsSignal } from './messages.js'
import { stageKey } from './stage-key.js'

export type FleetStage = CompiledStage & { fleet: CompiledFleet }
type Verb = 'rollback' | 'retry' | 'uninstall'
interface Known { stage: FleetStage; statuses: Map<string, TargetRunStatus>; busy: Set<string>; wave: ChildWorkflowHandle<RunWave> | null }
const MOST_EVENTS = 50
/** What a person may have done to a target in which state. */
const ADMITTED: Record<Verb, readonly TargetRunStatus[]> = {
  rollback: ['succeeded', 'failed', 'stopped', 'stuck'],
  retry: ['failed', 'stopped', 'skipped', 'undone', 'uninstalled'],
  uninstall: ['succeeded', 'failed', 'stopped', 'undone'],
}

/** The targets of a release as far as it knows them, and what people have done to single ones while the rest go on. */
export class Fleets {
  readonly #state: ReleaseState
  readonly #controls: Controls
  readonly #stages = new Map<string, Known>()
  readonly #work = new Set<Promise<void>>()
  #events = 0
  constructor(state: ReleaseState, controls: Controls) {
    this.#state = state
    this.#controls = controls
  }

  /** A stage has chosen its targets. */
  open(stage: FleetStage, names: string[], skipped: number): void {
    const statuses = new Map(names.map((name, n): [string, TargetRunStatus] => [name, n < names.length - skipped ? 'pending' : 'skipped']))
    this.#stages.set(stageKey(stage), { stage, statuses, busy: new Set(), wave: null })
  }
  /** The wave that runs now hears of what people do. */
  setWave(stage: FleetStage, wave: Known['wave']): void { this.#known(stage).wave = wave }
  statusesOf(stage: FleetStage): ReadonlyMap<string, TargetRunStatus> { return this.#known(stage).statuses }

  /** Take changes into what is to be seen. */
  note(key: string, changes: TargetChange[], wave: number | null = null): void {
    const view = this.#state.view.stages.findLast((stage) => stageKey(stage) === key)
    if (!view?.fleet) return
    noteChanges(view.fleet, changes)
    const shown = wave === null ? undefined : view.fleet.waves[wave]
    for (const { name, to, message } of changes) {
      this.#stages.get(key)?.statuses.set(name, to)
      if (shown) { shown.done += 1; if (to === 'failed' || to === 'stuck') shown.failed += 1 }
      if ((to === 'failed' || to === 'stuck') && this.#events < MOST_EVENTS) {
        this.#events += 1
        this.#state.event('target.failed', `${name} ${to}: ${message ?? ''}${this.#events === MOST_EVENTS ? '. More that fail are counted, not told' : ''}`, { stage: view.name, data: { target: name, status: to } })
      }
    }
  }

  mayRollback(command: TargetCommand): void { this.#find('rollback', command) }
  mayRetry(command: TargetCommand): void { this.#find('retry', command) }
  mayUninstall(command: TargetCommand): void { this.#find('uninstall', command) }

  rollback(command: TargetCommand): Accepted {
    return this.#begin('rollback', command, async ({ stage }, { stage: key, name }) => {
      const input: TargetUndoInput = { release: this.#state.view.release, stage: key, name, targetId: targetWorkflowId(workflowInfo().workflowId, key, name), waitMs: stage.fleet.offlineWaitMs }
      const { status, left } = await CancellationScope.nonCancellable(() => executeChild<UndoTarget>('targetUndoWorkflow', {
        workflowId: `${input.targetId}/rollback`, args: [input], parentClosePolicy: 'ABANDON', staticSummary: `take back ${name}`,
      }))
      return { status, message: left.length === 0 ? null : left.map(({ what, error }) => `${what}: ${error}`).join('; ') }
    })
  }

  retry(command: TargetCommand): Accepted {
    return this.#begin('retry', command, ({ stage }, { stage: key, name }) => executeChild<RunTarget>('targetWorkflow', {
      workflowId: targetWorkflowId(workflowInfo().workflowId, key, name), parentClosePolicy: 'REQUEST_CANCEL', staticSummary: `${name} again`,
      args: [{ release: this.#state.view.release, stage: key, name, waits: stage.fleet.offline === 'wait', isPaused: false }],
    }))
  }

  uninstall(command: TargetCommand): Accepted {
    return this.#begin('uninstall', command, (_known, { stage: key, name }) => executeChild<RunTarget>('targetUninstallWorkflow', {
      workflowId: `${targetWorkflowId(workflowInfo().workflowId, key, name)}/uninstall`, parentClosePolicy: 'REQUEST_CANCEL', staticSummary: `uninstall ${name}`,
      args: [{ release: this.#state.view.release, stage: key, name, waits: false, isPaused: false }],
    }))
  }

  /** Is anything of this still under way? */
  get isBusy(): boolean { return this.#work.size > 0 }
  async settled(): Promise<void> { while (this.isBusy) await Promise.all(this.#work) }

  #begin(verb: Verb, command: TargetCommand, work: (known: Known, key: { stage: string; name: string }) => Promise<TargetResult>): Accepted {
    const { key, known, name, status: from } = this.#find(verb, command)
    known.busy.add(name)
    const accepted = this.#controls.noted('target.requested', `${verb} of ${name} asked for by ${command.by}`, command.reason)
    const done = this.#controls.scope.run(async () => {
      let result: TargetResult
      try { result = await work(known, { stage: key, name }) } catch (error) {
        mustBeFailure(error)
        result = { status: isStopped(error) ? 'stopped' : verb === 'rollback' ? 'stuck' : 'failed', message: isStopped(error) ? 'stopped' : reasonOf(error) }
      }
      known.busy.delete(name)
      this.note(key, [{ name, from, to: result.status, message: result.message }])
      this.#state.event('target.ended', `${verb} of ${name}: ${result.status}${result.message === null ? '' : `: ${result.message}`}`, { stage: known.stage.name, data: { target: name, status: result.status } })
      await known.wave?.signal(waveNewsSignal, { from, to: result.status }).catch(mustBeFailure)
    }).catch(mustBeFailure).finally(() => { this.#work.delete(done) })
    this.#work.add(done)
    return accepted
  }

  /** Which target is meant, and why it cannot be. @throws RELEASE_CONFLICT, REQUEST_INVALID */
  #find(verb: Verb, { target, stage }: TargetCommand): { key: string; known: Known; name: string; status: TargetRunStatus } {
    if (typeof target !== 'string') throw failure('REQUEST_INVALID', 'a command on a target is { by, target, stage?, reason? }')
    this.#controls.mayAct(`${verb} ${target}`)
    const [key, known] = [...this.#stages].findLast(([name, { statuses, stage: { phase } }]) => (stage === undefined ? phase !== 'rollback' : name === stage) && statuses.has(target)) ?? []
    if (key === undefined || known === undefined) throw failure('RELEASE_CONFLICT', `this release has no target ${target}: ${this.#stages.size === 0 ? 'none of its stages runs on targets' : `no stage that has begun${stage === undefined ? '' : ` and is named ${stage}`} runs on it`}`)
    const status = known.statuses.get(target) ?? 'pending'
    if (known.busy.has(target)) throw failure('RELEASE_CONFLICT', `${target} is being worked on already`)
    if (!ADMITTED[verb].includes(status)) throw failure('RELEASE_CONFLICT', `${target} is ${status}: ${WHY_NOT[verb](status)}`)
    return { key, known, name: target, status }
  }

  #known(stage: FleetStage): Known {
    const known = this.#stages.get(stageKey(stage))
    if (known === undefined) throw new Error(`stage ${stage.name} has no targets yet`)
    return known
  }
}

const WHY_NOT: Record<Verb, (status: TargetRunStatus) => string> = {
  rollback: (status) => status === 'pending' || status === 'waiting' ? 'nothing has been done to it yet' : status === 'running' ? 'wait until it is done, or abort the release' : 'nothing is left to take back',
  retry: (status) => status === 'stuck' ? 'roll it back first' : status === 'succeeded' ? 'there is nothing to try again' : 'its turn is still to come, or has not ended',
  uninstall: (status) => status === 'stuck' ? 'roll it back first' : status === 'uninstalled' ? 'nothing is left on it' : 'its turn is still to come, or has not ended',
}
