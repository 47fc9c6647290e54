import { Type, type Static } from 'typebox'
import { FleetCanary, Rolling, TargetsKey } from './fleet-schema.js'
import { Approval, Duration, Expression, Name, strict } from './schema-parts.js'

const Metadata = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  owner: Type.Optional(Type.String()),
  version: Type.Optional(Type.String({ description: 'of the plan or of what it releases; read as ${metadata.version}' })),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Type.Record(Type.String(), Type.String())),
}, strict)

const Include = Type.Object({ path: Type.String({ minLength: 1, description: 'a file of the bundle, relative to this one' }) }, strict)

const Options = Type.Object({
  autoRollback: Type.Boolean({ default: true, description: 'after a failed job in a stage with onError rollback: take everything back by itself, or wait for a person to say retry, rollback or abort' }),
  timeout: Type.Optional(Duration),
  onMetricOutage: Type.Union([Type.Literal('hold'), Type.Literal('continue'), Type.Literal('rollback')], { default: 'hold' }),
  onInconclusive: Type.Union([Type.Literal('ask'), Type.Literal('continue'), Type.Literal('rollback')], { default: 'ask' }),
}, { ...strict, default: {} })

const Concurrency = Type.Object({
  key: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'releases of one key run one at a time; default: <project>/<environment>' })),
  policy: Type.Union([Type.Literal('queue'), Type.Literal('reject'), Type.Literal('supersede')], { default: 'queue' }),
}, { ...strict, default: {} })

const TimeOfDay = Type.String({ pattern: '^(?:(?:[01]\\d|2[0-3]):[0-5]\\d|24:00)$', description: 'HH:MM, 00:00 to 24:00' })
export const WindowSpec = Type.Object({
  enabled: Type.Boolean({ default: true }),
  timezone: Type.String({ default: 'UTC', format: 'timezone' }),
  allowed: Type.Array(Type.Object({
    days: Type.Array(Type.Integer({ minimum: 1, maximum: 7, description: '1 Monday to 7 Sunday' }), { minItems: 1 }),
    start: Type.String({ ...TimeOfDay, alsoSpelt: ['startTime'] }),
    end: Type.String({ ...TimeOfDay, alsoSpelt: ['endTime'] }),
  }, strict), { minItems: 1, alsoSpelt: ['allowedWindows'] }),
  blackoutDates: Type.Array(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'YYYY-MM-DD' }), { default: [] }),
  emergencyUsers: Type.Array(Type.String({ minLength: 1 }), { default: [] }),
}, strict)
export type WindowSpec = Static<typeof WindowSpec>

const Notifications = Type.Object({
  channels: Type.Record(Type.String(), Type.Unknown(), { default: {}, elsewhere: true, description: 'written out where a notification job names them' }),
  templates: Type.Record(Type.String(), Type.String({ literal: true }), { default: {}, description: 'filled in when the message is sent' }),
  rules: Type.Optional(Type.Unknown({ notInThisBuild: 'notification rules' })),
}, strict)

const Retry = Type.Object({
  attempts: Type.Integer({ minimum: 1, maximum: 1000, default: 1, description: 'the first try included' }),
  interval: Type.String({ ...Duration, default: '10s' }),
  backoff: Type.Number({ minimum: 1, maximum: 100, default: 2, description: 'each wait is that many times the one before' }),
  maxInterval: Type.String({ ...Duration, default: '5m' }),
}, strict)

export const JobSpec = Type.Object({
  name: Name,
  type: Type.String({ minLength: 1, description: 'the job kind' }),
  description: Type.Optional(Type.String()),
  dependsOn: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  timeout: Type.Optional(Duration),
  retry: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 999 }), Retry], { description: 'a number: tries after the first' })),
  retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 999, description: 'tries after the first' })),
  retryDelay: Type.Optional(Duration),
  condition: Type.Optional(Expression),
  config: Type.Optional(Type.Unknown({ elsewhere: true, description: 'as the kind says' })),
}, strict)
export type JobSpec = Static<typeof JobSpec>

export const StageSpec = Type.Object({
  name: Name,
  description: Type.Optional(Type.String()),
  phase: Type.Optional(Type.Union([Type.Literal('pre_release'), Type.Literal('release'), Type.Literal('post_release')])),
  onError: Type.Optional(Type.Union([Type.Literal('continue'), Type.Literal('stop'), Type.Literal('rollback')])),
  parallel: Type.Optional(Type.Boolean({ description: 'true (default): jobs start when what they depend on is done; false: one after the other' })),
  condition: Type.Optional(Expression),
  requireApproval: Type.Optional(Type.Boolean()),
  approval: Type.Optional(Approval),
  approvers: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description: 'short for approval.approvers' })),
  jobs: Type.Optional(Type.Array(JobSpec, { elsewhere: true, alsoSpelt: ['tasks'] })),
  targets: Type.Optional(TargetsKey),
  strategy: Type.Optional(Type.Union([Rolling, FleetCanary], { elsewhere: true, description: 'how the stage goes over its targets; default: one after the other' })),
}, strict)
export type StageSpec = Static<typeof StageSpec>

/** A plan with three fixed stages, each in order. */
export const PipelineSpec = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1 })),
  description: Type.Optional(Type.String()),
  preRelease: Type.Optional(Type.Array(JobSpec, { elsewhere: true })),
  release: Type.Optional(Type.Array(JobSpec, { elsewhere: true })),
  postRelease: Type.Optional(Type.Array(JobSpec, { elsewhere: true })),
}, strict)

export const RollbackSpec = Type.Object({ stages: Type.Array(StageSpec, { elsewhere: true }) }, { ...strict, description: 'run after the undos when a release is taken back' })

export const PlanSpec = Type.Object({
  apiVersion: Type.Literal('devops.release/v1'),
  kind: Type.Literal('ReleasePlan'),
  metadata: Metadata,
  includes: Type.Optional(Type.Array(Include, { elsewhere: true })),
  variables: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { elsewhere: true })),
  options: Options,
  concurrency: Concurrency,
  window: Type.Optional(Type.Union([Type.String({ description: 'a window by its name' }), WindowSpec], { alsoSpelt: ['releaseWindow'] })),
  notifications: Type.Optional(Notifications),
  deploy: Type.Optional(Type.Object({ type: Type.String(), config: Type.Optional(Type.Unknown()) }, { ...strict, elsewhere: true, description: 'how the project is deployed: what jobs of type deploy and rollback do' })),
  stages: Type.Optional(Type.Array(StageSpec, { elsewhere: true })),
  pipeline: Type.Optional(Type.Object(PipelineSpec.properties, { ...strict, elsewhere: true })),
  rollback: Type.Optional(Type.Object(RollbackSpec.properties, { ...strict, elsewhere: true })),
  scheduledRelease: Type.Optional(Type.Unknown({ notInThisBuild: 'schedules in a plan' })),
  dependencies: Type.Optional(Type.Unknown({ notInThisBuild: 'dependencies in a plan' })),
}, strict)
export type PlanSpec = Static<typeof PlanSpec>
