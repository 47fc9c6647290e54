import type { ApprovalSpec } from '../domain/compiled-plan.js'
import { durationMs } from '../domain/duration.js'
import type { IssueList } from './issue.js'
import type { Place } from './node.js'
import type { StageSpec } from './plan-schema.js'
import type { Static } from 'typebox'
import type { Approval } from './schema-parts.js'

/** What an approval without `expires` waits. */
export const DEFAULT_EXPIRES_MS = 72 * 3_600_000

/**
 * Who must approve a stage. Naming approvers asks for approval, unless `requireApproval: false` takes it back (a warning).
 * Nobody named: anyone with the role approver.
 */
export function approvalOf(stage: Partial<StageSpec>, places: Map<string, Place>, issues: IssueList): ApprovalSpec | null {
  const { requireApproval, approval, approvers } = stage
  if (requireApproval !== true && !approval && !approvers) return null
  const place = places.get('approval') ?? places.get('approvers')
  if (requireApproval === false) {
    if (place) issues.warn('APPROVAL_UNUSED', place, 'nobody is asked: the stage says requireApproval: false')
    return null
  }
  const spec: ApprovalSpec = {
    approvers: [...new Set([...approvers ?? [], ...approval?.approvers ?? []])],
    groups: approval?.groups ?? [],
    quorum: approval?.quorum ?? 1,
    expiresMs: approval?.expires === undefined ? DEFAULT_EXPIRES_MS : durationMs(approval.expires),
    allowAuthor: approval?.allowAuthor ?? false,
    doors: (approval?.doors ?? null),
  }
  const reachable = quorumReachable(spec)
  if (!reachable && place) issues.add('QUORUM_UNREACHABLE', places.get('approval.quorum') ?? place, unreachable(spec))
  return spec
}

/** An approval written out in full. */
export const approvalSpecOf = (approval: Static<typeof Approval>): ApprovalSpec => ({
  approvers: [...new Set(approval.approvers)], groups: approval.groups, quorum: approval.quorum, allowAuthor: approval.allowAuthor,
  expiresMs: approval.expires === undefined ? DEFAULT_EXPIRES_MS : durationMs(approval.expires), doors: (approval.doors ?? null),
})

/** Only named people count up to a number that is known. */
export const quorumReachable = ({ approvers, groups, quorum }: { approvers: readonly unknown[]; groups: readonly unknown[]; quorum: number }): boolean =>
  approvers.length === 0 || groups.length > 0 || new Set(approvers).size >= quorum
export const unreachable = ({ approvers, quorum }: { approvers: readonly unknown[]; quorum: number }): string =>
  `quorum is ${quorum}, but only ${new Set(approvers).size} may approve`
