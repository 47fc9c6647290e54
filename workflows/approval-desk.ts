import { condition } from '@temporalio/workflow'
import type { ApprovalSpec, Door } from '../domain/compiled-plan.js'
import { isDecision, type Decision } from '../domain/decision.js'
import { failure } from '../domain/failures.js'
import type { ApprovalView } from '../domain/release.js'
import { mustBeFailure, reasonOf } from './failing.js'
import { verifyDecision } from './proxies.js'
import { at, now, type ReleaseState } from './release-state.js'

export type Verdict = 'approve' | 'reject'
type DecisionView = ApprovalView['decisions'][number]
interface Unchecked { approval: ApprovalView; verdict: Verdict; decision: Decision; view: DecisionView }

/** Where approvals are asked for and given. A decision counts once its door has vouched for it. */
export class ApprovalDesk {
  readonly #state: ReleaseState
  readonly #doors: Door[]
  readonly #skip: boolean
  #unchecked: Unchecked[] = []
  constructor(state: ReleaseState, { doors, skipApproval }: { doors: Door[]; skipApproval: boolean }) {
    this.#state = state
    this.#doors = doors
    this.#skip = skipApproval
  }

  /** Ask, and wait for the answer. A yes once given stands: a job that is tried again does not ask again. @throws APPROVAL_REJECTED, APPROVAL_EXPIRED */
  async ask(id: string, spec: ApprovalSpec, place: { stage: string; job?: string }): Promise<void> {
    const { view } = this.#state
    if (view.approvals.some((other) => other.id === id && other.status === 'approved')) return
    const approval: ApprovalView = { id, spec, status: 'pending', requestedAt: now(), expiresAt: at(spec.expiresMs), decisions: [] }
    view.approvals = [...view.approvals.filter((other) => other.id !== id), approval]
    if (this.#skip) return this.#end(approval, 'skipped', place)
    const who = [...spec.approvers, ...spec.groups.map((group) => `group ${group}`)]
    const done = this.#state.waitFor({
      what: 'approval', where: id, forMs: spec.expiresMs, who, commands: ['approve', 'reject'],
      detail: `${spec.quorum} of ${who.length === 0 ? 'anyone who may approve' : who.join(', ')}`,
    })
    this.#state.event('approval.requested', `approval ${id} asked for`, { ...place, data: { id, quorum: spec.quorum, who, expiresAt: approval.expiresAt } })
    try {
      await condition(() => approval.status !== 'pending', spec.expiresMs, { summary: `approval ${id} expires` })
    } finally { // also when nobody waits for the answer any more
      done()
      this.#end(approval, approval.status === 'pending' ? 'expired' : approval.status, place)
    }
    if (approval.status === 'expired') throw failure('APPROVAL_EXPIRED', `nobody approved ${id} in time`)
    const no = approval.decisions.find(({ verdict, counted }) => verdict === 'reject' && counted)
    if (no) throw failure('APPROVAL_REJECTED', `${no.by} rejected ${id}${no.comment === null ? '' : `: ${no.comment}`}`)
  }

  /** Why a decision would not be taken. Synchronous: it is an update's validator. @throws REQUEST_INVALID, RELEASE_CONFLICT, FORBIDDEN */
  mustAccept(decision: Decision): ApprovalView {
    if (!isDecision(decision)) throw failure('REQUEST_INVALID', 'a decision is { by, door, approval?, comment?, groups? }')
    const pending = this.#state.view.approvals.filter(({ status }) => status === 'pending')
    const approval = decision.approval === undefined ? pending[0] : pending.find(({ id }) => id === decision.approval)
    if (!approval) throw failure('RELEASE_CONFLICT', `no approval ${decision.approval ?? ''} is pending${pending.length > 0 ? `; pending: ${list(pending)}` : ''}`)
    if (decision.approval === undefined && pending.length > 1) throw failure('RELEASE_CONFLICT', `say which approval: ${list(pending)}`)
    const { spec, decisions } = approval
    const doors = spec.doors ?? this.#doors
    if (!doors.includes(decision.door)) throw failure('FORBIDDEN', `decisions through ${decision.door} do not count for ${approval.id}; these do: ${doors.join(', ')}`)
    const by = person(decision.by)
    if (!spec.allowAuthor && by === person(this.#state.view.release.requestedBy)) throw failure('FORBIDDEN', `${decision.by} started this release and may not decide on ${approval.id}`)
    const named = spec.approvers.some((approver) => person(approver) === by) || spec.groups.some((group) => decision.groups?.includes(group) === true)
    if (!named && spec.approvers.length + spec.groups.length > 0) throw failure('FORBIDDEN', `${decision.by} is no approver of ${approval.id}`)
    if (decisions.some((other) => person(other.by) === by && other.refusedBecause === null)) throw failure('RELEASE_CONFLICT', `${decision.by} has already decided on ${approval.id}`)
    return approval
  }

  take(verdict: Verdict, decision: Decision): ApprovalView {
    const approval = this.mustAccept(decision)
    const view: DecisionView = { by: decision.by, door: decision.door, verdict, comment: decision.comment ?? null, at: now(), counted: false, refusedBecause: null }
    approval.decisions.push(view)
    this.#unchecked.push({ approval, verdict, decision, view })
    return approval
  }

  /** For signals: a bad one is written down and changes nothing. */
  takeIfAcceptable(verdict: Verdict, decision: Decision): void {
    try { this.take(verdict, decision) } catch (error) {
      mustBeFailure(error)
      this.#state.event('message.refused', `${verdict} by ${isDecision(decision) ? decision.by : 'somebody'} refused: ${reasonOf(error)}`)
    }
  }

  get hasUnchecked(): boolean { return this.#unchecked.length > 0 }

  /** Ask the activity whether the door's word is good, then count. @returns false when it could not answer: ask again later */
  async check(): Promise<boolean> {
    let answered = true
    for (const one of [...this.#unchecked]) {
      const { approval, verdict, decision, view } = one
      const { releaseId } = this.#state.view.release
      try {
        const answer = await verifyDecision({ releaseId, verdict, decision, receivedAt: view.at })
        this.#unchecked = this.#unchecked.filter((other) => other !== one)
        if (answer.good) this.#count(approval, view)
        else this.#refuse(approval, view, answer.why)
      } catch (error) {
        mustBeFailure(error)
        answered = false
      }
    }
    return answered
  }

  #count(approval: ApprovalView, view: DecisionView): void {
    view.counted = true
    const yes = approval.decisions.filter(({ counted, verdict }) => counted && verdict === 'approve').length
    this.#state.event('approval.decided', `${view.by} said ${view.verdict} to ${approval.id} (${yes} of ${approval.spec.quorum})`, { data: { id: approval.id, by: view.by, verdict: view.verdict, door: view.door, comment: view.comment } })
    if (approval.status !== 'pending') return
    if (view.verdict === 'reject') approval.status = 'rejected'
    else if (yes >= approval.spec.quorum) approval.status = 'approved'
  }

  #refuse(approval: ApprovalView, view: DecisionView, why: string): void {
    view.refusedBecause = why
    this.#state.event('approval.refused', `${view.verdict} by ${view.by} on ${approval.id} does not count: ${why}`)
  }

  #end(approval: ApprovalView, status: ApprovalView['status'], place: { stage: string; job?: string }): void {
    approval.status = status
    this.#state.event('approval.ended', `approval ${approval.id} ${status}`, { ...place, data: { id: approval.id, status } })
  }
}

const person = (name: string): string => name.trim().toLowerCase()
const list = (approvals: ApprovalView[]): string => approvals.map(({ id }) => id).join(', ')
