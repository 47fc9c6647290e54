import { Type, type Static } from 'typebox'
import { EVENT_TYPES, STATUSES } from '../../domain/release.js'
import { AnyJson, Digest, Files, JsonMap, Moment, MomentOrNull, Next, Tag, TextOrNull, oneOf, orNull, strict } from './parts.js'
import { WaitingSchema } from './release-view.js'

/** What can be said of a release in one row. */
export const ReleaseSummary = Type.Object({
  id: Type.String(), project: Type.String(), environment: Type.String(), version: Type.String(), planName: Type.String(),
  planVersion: orNull(Type.Integer()), bundle: Type.String(), requestedBy: Type.String(), status: oneOf(STATUSES), reason: TextOrNull,
  concurrencyKey: Type.String(), acceptedAt: Moment, startedAt: MomentOrNull, endedAt: MomentOrNull,
})
export type ReleaseSummary = Static<typeof ReleaseSummary>
export const ReleasePage = Type.Object({ items: Type.Array(ReleaseSummary), next: Next })

/** Where the plan comes from: exactly one of `plan`, `planText`, `bundle`, `files`. */
export const PlanSource = {
  plan: Type.Optional(Type.Object({ name: Tag, version: Type.Optional(Type.Integer({ minimum: 1 })) }, { ...strict, description: 'a stored plan; the newest version when none is named' })),
  planText: Type.Optional(Type.String({ minLength: 1, description: 'the plan itself, YAML' })),
  bundle: Type.Optional(Digest),
  files: Type.Optional(Files),
  entry: Type.Optional(Type.String({ minLength: 1, description: 'the plan among `files`' })),
}
/** What a plan is compiled with. */
export const CompileWith = {
  project: Type.Optional(Tag), environment: Type.Optional(Tag), version: Type.Optional(Tag),
  variables: Type.Optional(JsonMap),
  env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'what the plan reads as env.NAME; sealed at rest' })),
}
export const StartRelease = Type.Object({
  ...PlanSource, ...CompileWith,
  project: Tag, environment: Tag,
  options: Type.Optional(Type.Object({
    autoRollback: Type.Optional(Type.Boolean({ description: 'instead of what the plan says' })),
    skipApproval: Type.Optional(Type.Boolean({ description: 'admins only; audited' })),
    dryRun: Type.Optional(Type.Boolean({ description: 'check, explain, and ask every driver what would change; start nothing' })),
  }, strict)),
}, strict)
export type StartRelease = Static<typeof StartRelease>

export const ReleaseEventSchema = Type.Object({
  sequence: Type.Integer(), at: Moment, type: oneOf(EVENT_TYPES), stage: TextOrNull, job: TextOrNull, message: Type.String(), data: AnyJson,
})
export const LogLineSchema = Type.Object({
  seq: Type.Integer(), job: Type.String(), attempt: Type.Integer(), stream: Type.String(), at: Moment, text: Type.String(),
})
/** The state right after a command was taken. */
export const AcceptedSchema = Type.Object({ status: oneOf(STATUSES), waiting: Type.Array(WaitingSchema) })
