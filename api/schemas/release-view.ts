import { Type, type Static } from 'typebox'
import { STATUSES, type ReleaseView } from '../../domain/release.js'
import { TARGET_RUN_STATUSES } from '../../domain/target-run.js'
import { JsonMap, Moment, MomentOrNull, TextOrNull, oneOf, orNull } from './parts.js'

const Phase = oneOf(['pre_release', 'release', 'post_release', 'rollback'])
const Verdict = oneOf(['pass', 'fail', 'inconclusive', 'outage'])
const DoorName = oneOf(['api', 'slack', 'dingtalk', 'wecom', 'email', 'webhook', 'temporal'])
const Strings = Type.Array(Type.String())

const PhaseSchema = Type.Object({
  percent: Type.Number(), status: oneOf(['pending', 'approving', 'holding', 'passed', 'failed', 'skipped']), holdMs: Type.Number(),
  startedAt: MomentOrNull, endsAt: MomentOrNull, verdict: orNull(Verdict), reason: TextOrNull,
  criteria: Type.Array(Type.Object({
    name: Type.String(),
    threshold: Type.Object({ comparison: oneOf(['<', '<=', '>', '>=', '==', '!=']), value: Type.Number(), unit: oneOf(['ratio', 'ms', 'plain']) }),
  })),
  measures: Type.Record(Type.String(), orNull(Type.Number())),
})
export const JobSchema = Type.Object({
  name: Type.String(), kind: Type.String(), status: oneOf(['pending', 'waiting', 'running', 'succeeded', 'failed', 'skipped', 'stopped', 'undone']),
  attempt: Type.Integer(), startedAt: MomentOrNull, endedAt: MomentOrNull, message: TextOrNull, outputs: JsonMap, phases: Type.Array(PhaseSchema),
  plugin: Type.Optional(Type.Object({ name: Type.String(), version: Type.String(), integrity: Type.String() })),
})
const FleetSchema = Type.Object({
  total: Type.Integer(), counts: Type.Partial(Type.Object(Object.fromEntries(TARGET_RUN_STATUSES.map((status) => [status, Type.Integer()])))),
  failing: Type.Array(Type.Object({ target: Type.String(), status: oneOf(TARGET_RUN_STATUSES), message: TextOrNull }), { description: 'the last that failed, at most 20; GET /releases/:id/targets has all' }),
  waves: Type.Array(Type.Object({
    name: Type.String(), targets: Type.Integer(), done: Type.Integer(), failed: Type.Integer(), status: oneOf(['pending', 'approving', 'running', 'verifying', 'passed', 'failed', 'skipped']),
    startedAt: MomentOrNull, endedAt: MomentOrNull,
  })),
})
const StageSchema = Type.Object({
  name: Type.String(), phase: Phase, status: oneOf(['pending', 'approving', 'running', 'succeeded', 'failed', 'skipped', 'stopped', 'undone']),
  startedAt: MomentOrNull, endedAt: MomentOrNull, jobs: Type.Array(JobSchema),
  fleet: Type.Optional(orNull(FleetSchema)),
})
export const WaitingSchema = Type.Object({
  what: oneOf(['lock', 'window', 'approval', 'hold', 'metrics', 'inconclusive', 'failure', 'pause', 'wait', 'schedule']),
  where: Type.String(), since: Moment, until: MomentOrNull, who: Strings, commands: Strings,
  full: Type.Optional(oneOf(['traffic', 'checks'])), detail: Type.String(),
})
export const ApprovalSchema = Type.Object({
  id: Type.String(),
  spec: Type.Object({
    approvers: Strings, groups: Strings, quorum: Type.Integer(), expiresMs: Type.Number(), allowAuthor: Type.Boolean(), doors: orNull(Type.Array(DoorName)),
  }),
  status: oneOf(['pending', 'approved', 'rejected', 'expired', 'skipped']), requestedAt: Moment, expiresAt: Moment,
  decisions: Type.Array(Type.Object({
    by: Type.String(), door: DoorName, verdict: oneOf(['approve', 'reject']), comment: TextOrNull, at: Moment, counted: Type.Boolean(), refusedBecause: TextOrNull,
  })),
})

/** Everything there is to see of a release: domain/release.ts ReleaseView, as JSON Schema. */
export const ReleaseViewSchema = Type.Object({
  release: Type.Object({
    tenant: Type.String(), releaseId: Type.String(), project: Type.String(), environment: Type.String(), version: Type.String(),
    requestedBy: Type.String(), bundle: Type.String(),
  }),
  plan: Type.Object({ name: Type.String(), description: TextOrNull, owner: TextOrNull }),
  concurrency: Type.Object({ key: Type.String(), policy: oneOf(['queue', 'reject', 'supersede']) }),
  status: oneOf(STATUSES), reason: TextOrNull, acceptedAt: Moment, startedAt: MomentOrNull, endedAt: MomentOrNull,
  paused: orNull(Type.Object({ by: Type.String(), at: Moment })),
  stages: Type.Array(StageSchema),
  splits: Type.Array(Type.Object({
    gateway: Type.String(), route: Type.String(), percent: Type.Number(), stable: TextOrNull, candidate: TextOrNull, before: TextOrNull, at: Moment,
  })),
  waiting: Type.Array(WaitingSchema), approvals: Type.Array(ApprovalSchema),
  undo: Type.Array(Type.Object({ id: Type.String(), what: Type.String(), state: oneOf(['promised', 'undone', 'failed']), error: TextOrNull, manual: Type.String() })),
  sequence: Type.Integer({ description: 'of the last event' }),
})

/** Does not compile when the schema no longer says what the type says. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const SCHEMA_IS_THE_TYPE: Same<Omit<Static<typeof ReleaseViewSchema>, 'stages'>, Omit<ReleaseView, 'stages'>> = true

/** The answer of GET /releases/:id. */
export const ReleaseDetail = Type.Object({
  ...ReleaseViewSchema.properties,
  id: Type.String(),
  live: Type.Boolean({ description: 'true: answered by the running workflow; false: as the database last knew it' }),
  asOf: Moment,
})
