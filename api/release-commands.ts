import { createHash, randomUUID } from 'node:crypto'
import { WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { proofText, type Command, type Decision, type JobCommand, type PromoteCommand, type TargetCommand } from '../domain/decision.js'
import { failure } from '../domain/failures.js'
import { isEnding, releaseWorkflowId, type ApprovalView } from '../domain/release.js'
import type { AuditStore } from '../store/audit.js'
import type { ReleaseRow } from '../store/releases.js'
import * as messages from '../workflows/messages.js'
import type { InstallationKey } from '../config/key.js'
import type { ReleaseReads } from './release-reads.js'
import type { Rollbacks } from './rollbacks.js'
import type { User } from './roles.js'
import type { Temporal } from './temporal.js'

/** The worker checks the API's word within this time; it takes longer only when no worker runs. */
const PROOF_MS = 60_000

/** Who asks, for which release, under which key: the same key again is the same request. */
export interface Ask { user: User; releaseId: string; key: string | undefined }
/** A command as it was sent: who says it is known from the token. */
type Said<C extends Command> = Omit<C, 'by'>
type Verb = 'approve' | 'reject' | 'pause' | 'resume' | 'promote' | 'abort' | 'retry' | 'rollback' | TargetVerb
type TargetVerb = 'rollback target' | 'retry target' | 'uninstall target'

/** What people may do to a release. The workflow decides and says why not; the API brings the question and the answer. */
export class ReleaseCommands {
  readonly #reads: ReleaseReads
  readonly #audit: AuditStore
  readonly #temporal: Temporal
  readonly #key: InstallationKey
  readonly #rollbacks: Rollbacks
  constructor({ reads, audit, temporal, key, rollbacks }: { reads: ReleaseReads; audit: AuditStore; temporal: Temporal; key: InstallationKey; rollbacks: Rollbacks }) {
    this.#reads = reads
    this.#audit = audit
    this.#temporal = temporal
    this.#key = key
    this.#rollbacks = rollbacks
  }

  /** @throws RELEASE_CONFLICT with the reason, TIMED_OUT when the answer is not known yet */
  async decide(ask: Ask, verdict: 'approve' | 'reject', { approval, comment }: { approval?: string; comment?: string }): Promise<ApprovalView> {
    const { user, releaseId } = ask
    const decision: Decision = {
      ...(approval !== undefined && { approval }), ...(comment !== undefined && { comment }),
      by: user.name, door: 'api', groups: user.groups, proofUntil: new Date(Date.now() + PROOF_MS).toISOString(),
    }
    const signed = { ...decision, proof: this.#key.sign(proofText(releaseId, verdict, decision)) }
    return this.#audited(ask, verdict, { approval, comment }, (row) =>
      this.#update(row, ask, verdict, verdict === 'approve' ? messages.approveUpdate : messages.rejectUpdate, signed))
  }

  async pause(ask: Ask, said: Said<Command>): Promise<messages.Accepted> { return this.#command(ask, 'pause', messages.pauseUpdate, said) }
  async resume(ask: Ask, said: Said<Command>): Promise<messages.Accepted> { return this.#command(ask, 'resume', messages.resumeUpdate, said) }
  async abort(ask: Ask, said: Said<Command>): Promise<messages.Accepted> { return this.#command(ask, 'abort', messages.abortUpdate, said) }
  async promote(ask: Ask, said: Said<PromoteCommand>): Promise<messages.Accepted> { return this.#command(ask, 'promote', messages.promoteUpdate, said) }
  async retry(ask: Ask, said: Said<JobCommand>): Promise<messages.Accepted> { return this.#command(ask, 'retry', messages.retryUpdate, said) }
  async rollback(ask: Ask, said: Said<Command>): Promise<messages.Accepted> { return this.#command(ask, 'rollback', messages.rollbackUpdate, said) }

  async rollbackTarget(ask: Ask, said: Said<TargetCommand>): Promise<messages.Accepted> { return this.#ofTarget(ask, 'rollback target', messages.rollbackTargetUpdate, said) }
  async retryTarget(ask: Ask, said: Said<TargetCommand>): Promise<messages.Accepted> { return this.#ofTarget(ask, 'retry target', messages.retryTargetUpdate, said) }
  async uninstallTarget(ask: Ask, said: Said<TargetCommand>): Promise<messages.Accepted> { return this.#ofTarget(ask, 'uninstall target', messages.uninstallTargetUpdate, said) }

  /** Only while the release runs: afterwards all of it is taken back, or nothing. */
  async #ofTarget(ask: Ask, verb: TargetVerb, update: UpdateDefinition<messages.Accepted, [TargetCommand]>, said: Said<TargetCommand>): Promise<messages.Accepted> {
    return this.#audited(ask, verb, said, (row) => this.#update(row, ask, verb, update, { ...said, by: ask.user.name }))
  }

  async #command<C extends Command>(ask: Ask, verb: Verb, update: UpdateDefinition<messages.Accepted, [C]>, said: Said<C>): Promise<messages.Accepted> {
    const command = { ...said, by: ask.user.name } as C
    return this.#audited(ask, verb, said, async (row) => {
      const takesBack = verb === 'rollback' || verb === 'retry'
      const wasTerminated = takesBack && row.workflowStarted && await this.#rollbacks.wasTerminated(row)
      if (!isEnding(row.status) && row.rollbacks === 0 && !wasTerminated) return this.#update(row, ask, verb, update, command)
      if (takesBack) return this.#rollbacks.start(wasTerminated ? { ...row, status: 'failed' } : row, { by: ask.user.name, reason: command.reason ?? null, onlyLeftOvers: verb === 'retry' })
      throw failure('RELEASE_CONFLICT', `too late to ${verb}: release ${row.id} is ${row.status.replace('_', ' ')}`)
    })
  }

  async #update<Result, Argument>(row: ReleaseRow, { user, key }: Ask, verb: Verb, update: UpdateDefinition<Result, [Argument]>, argument: Argument): Promise<Result> {
    if (isEnding(row.status)) throw failure('RELEASE_CONFLICT', `too late to ${verb}: release ${row.id} is ${row.status.replace('_', ' ')}`)
    try {
      return await this.#temporal.call(`${verb} the release`, (client) => client.workflow.getHandle(releaseWorkflowId(row.tenant, row.id))
        .executeUpdate(update, { args: [argument], updateId: updateId(user, verb, key) }))
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw failure('TIMED_OUT', `it is not known yet whether the release took "${verb}"; ${key === undefined ? 'look at the release before asking again, and send an Idempotency-Key to ask safely' : 'ask again with the same Idempotency-Key'}`)
      if (!(error instanceof WorkflowNotFoundError)) throw error
      if (!row.workflowStarted) throw failure('UNAVAILABLE', `release ${row.id} is accepted but has not started yet`)
      throw failure('RELEASE_CONFLICT', `too late to ${verb}: release ${row.id} has ended`)
    }
  }

  /** What was asked and how it went: refusals are part of the story. */
  async #audited<Result>({ user, releaseId }: Ask, verb: Verb, said: object, work: (row: ReleaseRow) => Promise<Result>): Promise<Result> {
    const row = await this.#reads.row(user.tenant, releaseId)
    const entry = { tenant: user.tenant, who: user.name, action: `release.${verb.replace(' ', '-')}`, what: releaseId }
    try {
      const result = await work(row)
      await this.#audit.record({ ...entry, data: { ...said, outcome: 'taken' } })
      return result
    } catch (error) {
      const reason = error instanceof WorkflowUpdateFailedError ? error.cause : error
      await this.#audit.record({ ...entry, data: { ...said, outcome: 'refused', why: reason instanceof Error ? reason.message : 'unknown' } }).catch(() => undefined)
      throw error
    }
  }
}

/** Another person's or command's key is another update. */
const updateId = (user: User, verb: Verb, key: string | undefined): string =>
  `api/${verb.replace(' ', '-')}/${key === undefined ? randomUUID() : createHash('sha256').update(`${user.tokenId} ${key}`).digest('hex')}`
