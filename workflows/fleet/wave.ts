import { allHandlersFinished, CancellationScope, ChildWorkflowFailure, condition, continueAsNew, getExternalWorkflowHandle, isCancellation, setHandler, startChild, workflowInfo, type ChildWorkflowHandle } from '@temporalio/workflow'
import type { TargetChange, TargetRunStatus } from '../../domain/target-run.js'
import { isStopped, mustBeFailure, reasonOf } from '../failing.js'
import { fleetStore } from '../proxies.js'
import { targetWorkflowId, type RunTarget, type TargetResult, type WaveInput, type WaveResult } from './inputs.js'
import { hurrySignal, pausedSignal, waveNewsSignal, waveProgressSignal } from './messages.js'

const SMALLEST_PAGE = 100
const MOST_TOLD_AT_ONCE = 100

/**
 * The targets of one wave, batch by batch, each in a workflow of its own. Stops when more have failed than may.
 * Cancelled, it ends when all that run have stopped and are written down; its release knows that it was.
 */
export async function fleetWorkflow(input: WaveInput): Promise<WaveResult> {
  const wave = new Wave(input)
  setHandler(pausedSignal, ({ isPaused }) => { wave.pause(isPaused) })
  setHandler(hurrySignal, ({ all }) => { wave.hurry(all) })
  setHandler(waveNewsSignal, ({ from, to }) => { wave.count(from, -1); wave.count(to, 1) })
  let { inBatch } = input
  while (!CancellationScope.current().consideredCancelled) {
    await wave.pausePoint()
    const { release, stage, wave: number, batch, parallel } = input
    const isFull = inBatch >= batch
    const limit = Math.min(isFull ? batch : batch - inBatch, Math.max(SMALLEST_PAGE, 5 * parallel))
    const targets = await fleetStore['fleet.page']({ release, stage, wave: number, from: wave.next, limit })
    if (targets.length === 0) break
    if (isFull) await wave.interval()
    await wave.run(targets)
    if (wave.isOver) break
    inBatch = (isFull ? 0 : inBatch) + targets.length
    if (workflowInfo().continueAsNewSuggested) {
      await wave.tell()
      await condition(allHandlersFinished)
      await continueAsNew<typeof fleetWorkflow>({ ...input, ...wave.save(), inBatch })
    }
  }
  return wave.result()
}

const TALLIED = ['succeeded', 'failed', 'skipped', 'stuck', 'stopped'] as const
const isTallied = (status: TargetRunStatus): status is (typeof TALLIED)[number] => (TALLIED as readonly string[]).includes(status)

class Wave {
  readonly #input: WaveInput
  readonly #running = new Map<string, ChildWorkflowHandle<RunTarget>>()
  #isPaused: boolean
  #hurried = false
  #hurriesAlways = false
  #changes: TargetChange[] = []
  #failures: string[] = []
  #isTelling = false
  next: number
  readonly #tally: WaveInput['tally']
  constructor(input: WaveInput) {
    this.#input = input
    this.#isPaused = input.isPaused
    this.next = input.next
    this.#tally = { ...input.tally }
  }

  get isOver(): boolean { return this.#tally.failed + this.#tally.stuck > this.#input.allowed || this.#tally.stuck > 0 }
  async pausePoint(): Promise<void> { if (this.#isPaused) await condition(() => !this.#isPaused) }
  hurry(all: boolean): void { this.#hurried = true; this.#hurriesAlways ||= all }
  save(): Pick<WaveInput, 'next' | 'tally' | 'isPaused' | 'intervalMs'> { return { next: this.next, tally: this.#tally, isPaused: this.#isPaused, intervalMs: this.#hurriesAlways ? 0 : this.#input.intervalMs } }
  result(): WaveResult { return { tally: this.#tally, isOver: this.isOver, failures: this.#failures, changes: this.#changes } }

  count(status: TargetRunStatus, by: 1 | -1): void {
    if (isTallied(status)) this.#tally[status] = Math.max(0, this.#tally[status] + by)
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    for (const handle of this.#running.values()) void handle.signal(pausedSignal, { isPaused }).catch(mustBeFailure) // one that ends just now has nothing to pause
  }

  async interval(): Promise<void> {
    const { intervalMs, name } = this.#input
    if (intervalMs === 0 || this.#hurriesAlways) return
    this.#hurried = false
    await condition(() => this.#hurried, intervalMs, { summary: `between batches of ${name}` })
  }

  /** At most `parallel` at once. When too many fail, those that run are stopped; all settle. */
  async run(targets: { name: string; position: number; status: TargetRunStatus }[]): Promise<void> {
    const open = [...targets]
    const scope = new CancellationScope()
    const worker = async (): Promise<void> => {
      for (;;) {
        await this.pausePoint()
        const target = this.isOver || scope.consideredCancelled ? undefined : open.shift()
        if (target === undefined) return
        this.next = Math.max(this.next, target.position + 1)
        await this.#runOne(target)
        if (this.isOver) scope.cancel()
      }
    }
    await scope.run(() => Promise.all(Array.from({ length: Math.min(this.#input.parallel, targets.length) }, () => worker().catch((error: unknown) => { if (!isCancellation(error)) throw error }))))
  }

  async #runOne({ name, status: from }: { name: string; status: TargetRunStatus }): Promise<void> {
    const { release, stage, parentId, waits } = this.#input
    let result: TargetResult
    try {
      const handle = await startChild<RunTarget>('targetWorkflow', {
        workflowId: targetWorkflowId(parentId, stage, name), args: [{ release, stage, name, waits, isPaused: this.#isPaused }],
        parentClosePolicy: 'REQUEST_CANCEL', staticSummary: `${name}: ${release.project} ${release.version}`.slice(0, 100),
      })
      this.#running.set(name, handle)
      result = await handle.result()
    } catch (error) {
      mustBeFailure(error)
      if (isStopped(error)) throw error // it had not begun
      result = { status: 'stuck', message: error instanceof ChildWorkflowFailure ? `its workflow was cut off (${reasonOf(error)}): nobody knows what was done` : reasonOf(error) }
    } finally { this.#running.delete(name) }
    this.count(result.status, 1)
    if ((result.status === 'failed' || result.status === 'stuck') && this.#failures.length < 5) this.#failures.push(`${name}: ${result.message ?? result.status}`)
    this.#changes.push({ name, from, to: result.status, message: result.message })
    if (this.#changes.length >= this.#input.tellEvery || result.status === 'stuck' || result.status === 'failed') await this.tell()
  }

  /** Tell the release, at most so often that its history stays short; a word that cannot be brought is no reason to stop. */
  async tell(): Promise<void> {
    const { stage, wave, tellEvery } = this.#input
    const parent = workflowInfo().parent
    if (this.#isTelling || this.#changes.length === 0 || !parent) return
    if (this.#changes.length < tellEvery && this.#tally.told >= MOST_TOLD_AT_ONCE) return
    this.#isTelling = true
    this.#tally.told += 1
    const changes = this.#changes.splice(0)
    try {
      await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(parent.workflowId).signal(waveProgressSignal, { stage, wave, changes }))
    } catch (error) {
      mustBeFailure(error)
    } finally { this.#isTelling = false }
  }
}
