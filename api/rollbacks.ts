import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { failure } from '../domain/failures.js'
import { isEnding, releaseWorkflowId, rollbackWorkflowId, type RollbackInput } from '../domain/release.js'
import type { UndoEntry } from '../domain/undo.js'
import type { ReleaseRow, ReleaseStore } from '../store/releases.js'
import type { Accepted } from '../workflows/messages.js'
import { searchAttributes } from './release-starter.js'
import type { Temporal } from './temporal.js'

export interface RollbackAsk { by: string; reason: string | null; /** Only what an earlier take-back left over. */ onlyLeftOvers: boolean }

const NO_SCOPE = { variables: {}, metadata: {}, env: {}, includes: {} }

/** Takes back a release that has ended, from the undos its journal kept. */
export class Rollbacks {
  readonly #releases: ReleaseStore
  readonly #temporal: Temporal
  readonly #taskQueue: string
  constructor({ releases, temporal, taskQueue }: { releases: ReleaseStore; temporal: Temporal; taskQueue: string }) {
    this.#releases = releases
    this.#temporal = temporal
    this.#taskQueue = taskQueue
  }

  /** Asked for twice, it runs once. @throws RELEASE_CONFLICT saying why the release cannot be taken back */
  async start(row: ReleaseRow, ask: RollbackAsk): Promise<Accepted> {
    const taken: Accepted = { status: 'rolling_back', waiting: [] }
    const before = await this.#state(row, row.rollbacks)
    if (before === 'open' && row.status !== 'rolled_back') return taken // else it only gives its lock back
    const undo = await this.#open(row, ask)
    const attempt = before === 'ended' ? row.rollbacks + 1 : Math.max(row.rollbacks, 1)
    if (!await this.#releases.takeRollback(row.id, attempt)) throw failure('RELEASE_CONFLICT', `release ${row.id} is being taken back by someone else`)
    await this.#run(row, { attempt, undo, by: ask.by, reason: ask.reason })
    return taken
  }

  /** Ended in Temporal by somebody's hand: its undos are in the journal, and nobody is left to run them. */
  async wasTerminated(row: ReleaseRow): Promise<boolean> {
    if (isEnding(row.status) || row.rollbacks > 0) return false
    try {
      const { status } = await this.#temporal.call('look at the release', (client) => client.workflow.getHandle(releaseWorkflowId(row.tenant, row.id)).describe())
      return status.name === 'TERMINATED' || status.name === 'TIMED_OUT'
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw error
    }
  }

  /** `none`: a number was taken, but Temporal went away before it started. */
  async #state(row: ReleaseRow, attempt: number): Promise<'none' | 'open' | 'ended'> {
    if (attempt === 0) return 'none'
    try {
      const { status } = await this.#temporal.call('look at the rollback', (client) => client.workflow.getHandle(rollbackWorkflowId(row.tenant, row.id, attempt)).describe())
      return status.name === 'RUNNING' ? 'open' : 'ended'
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'none'
      throw error
    }
  }

  async #open(row: ReleaseRow, { onlyLeftOvers }: RollbackAsk): Promise<UndoEntry[]> {
    const mayGoOn = row.status === 'failed' || (row.status === 'rolling_back' && row.rollbacks > 0) // its last take-back was cut off
    if (!mayGoOn && (row.status !== 'succeeded' || onlyLeftOvers)) throw failure('RELEASE_CONFLICT', `release ${row.id} is ${row.status.replace('_', ' ')}: nothing is left to ${onlyLeftOvers ? 'retry' : 'take back'}`)
    const successor = row.status === 'succeeded' ? await this.#releases.successorOf(row) : null
    if (successor) throw failure('RELEASE_CONFLICT', `release ${row.id} was followed by ${successor.id} (version ${successor.version}) of ${row.concurrencyKey}: roll that one back instead`)
    const open = (await this.#releases.undos(row.id)).filter(({ state }) => state !== 'undone')
    if (open.length === 0 && (row.input.plan?.rollback ?? []).length === 0) throw failure('RELEASE_CONFLICT', `release ${row.id} has nothing to take back: none of its jobs changed anything`)
    return open
  }

  async #run({ input, view, tenant, id }: ReleaseRow, { attempt, undo, by, reason }: Pick<RollbackInput, 'attempt' | 'undo' | 'by' | 'reason'>): Promise<void> {
    if (!view) throw failure('RELEASE_CONFLICT', `release ${id} has no journal yet`)
    const { release } = view
    const rollback: RollbackInput = { release, attempt, view, undo, rollback: input.plan?.rollback ?? [], scope: input.plan?.scope ?? NO_SCOPE, by, reason }
    try {
      await this.#temporal.call('start the rollback', (client) => client.workflow.start('rollbackWorkflow', {
        workflowId: rollbackWorkflowId(tenant, id, attempt), taskQueue: this.#taskQueue, args: [rollback],
        workflowIdReusePolicy: 'REJECT_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `take back ${release.project} ${release.version} in ${release.environment}, by ${by}`.slice(0, 100),
        typedSearchAttributes: searchAttributes(release, 'rolling_back'),
      }))
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
  }
}
