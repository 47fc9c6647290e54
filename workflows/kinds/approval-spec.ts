import type { Static } from 'typebox'
import type { ApprovalSpec } from '../../domain/compiled-plan.js'
import { durationMs } from '../../domain/duration.js'
import type { Approval } from '../../plan/schema-parts.js'

const DEFAULT_EXPIRES = '72h'

/** An approval written inside a job's config. */
export const approvalSpec = (config: Static<typeof Approval>, timeout?: string): ApprovalSpec => ({
  approvers: config.approvers, groups: config.groups, quorum: config.quorum, allowAuthor: config.allowAuthor,
  expiresMs: durationMs(config.expires ?? timeout ?? DEFAULT_EXPIRES),
  doors: (config.doors as ApprovalSpec['doors'] | undefined) ?? null,
})
