import { Type, type Static } from 'typebox'
import { Analysis } from './kinds/strategy.js'
import { Approval, Duration, Name, strict } from './schema-parts.js'

const Labels = Type.Record(Type.String(), Type.String())
/** `{ role: web }`, or as spec 2 writes it: `{ labels: { role: web } }`. */
const Selector = Type.Union([Labels, Type.Object({ labels: Labels }, strict)], { description: 'labels it must have, all of them' })
const Names = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
const Amount = Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^(?:100|[1-9]?\\d)(?:\\.\\d+)?%$', description: 'a number, or a share such as 25%' })])
const Failures = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^(?:100|[1-9]?\\d)(?:\\.\\d+)?%$', description: 'a number, or a share such as 5%' })])
const Share = Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Type.String({ pattern: '^(?:100|[1-9]?\\d)(?:\\.\\d+)?%$', description: 'a share such as 90%' })])
const SharePercent = Type.Number({ minimum: 1, maximum: 100, description: 'percent of the targets, rounded up' })

/** Which targets of the release's environment a stage acts on. */
export const TargetsSpec = Type.Object({
  selector: Type.Optional(Selector),
  names: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'names or ids' })),
  all: Type.Optional(Type.Boolean({ description: 'true: every target of the environment' })),
  type: Type.Optional(Type.Union([Type.Literal('host'), Type.Literal('docker'), Type.Literal('kubernetes')])),
  offline: Type.Union([Type.Literal('skip'), Type.Literal('wait'), Type.Literal('fail')], { default: 'fail', description: 'what to do about a target that is away' }),
  offlineWait: Type.String({ ...Duration, default: '15m', description: 'how long offline: wait waits' }),
}, strict)
export type TargetsSpec = Static<typeof TargetsSpec>
/** A list is short for `names`. */
export const TargetsKey = Type.Union([Names, TargetsSpec], { description: 'the stage\'s jobs run once for each of these targets' })

const Common = {
  batchSize: Type.Optional(Amount),
  interval: Type.Optional(Type.String({ ...Duration, alsoSpelt: ['batchInterval'], description: 'between two batches' })),
  parallel: Type.Integer({ minimum: 1, maximum: 500, default: 20, alsoSpelt: ['maxParallel'], description: 'targets at work at the same time' }),
  maxFailures: Type.Optional(Failures),
  minSuccess: Type.Optional(Share),
  rollbackFailed: Type.Boolean({ default: true, description: 'take a target that failed back by itself while the others go on' }),
  autoRollback: Type.Boolean({ default: true, description: 'false: a stage that failed waits for a person: retry, rollback or abort' }),
}
/** What a wave must stand before the next begins. */
const Verifying = {
  verifyDuration: Type.Optional(Duration),
  healthCheck: Type.Optional(Type.Unknown({ elsewhere: true, description: 'as the config of a `validation` job; asked for each target of the wave' })),
  analysis: Type.Optional(Type.Object({
    ...Analysis.properties, interval: Type.Optional(Duration),
    failureLimit: Type.Integer({ minimum: 1, default: 1 }), consecutiveErrorLimit: Type.Integer({ minimum: 1, default: 4 }),
  }, strict)),
}

export const Rolling = Type.Object({ type: Type.Literal('rolling'), ...Common }, strict)

const ClusterWave = Type.Object({
  name: Type.Optional(Name),
  priority: Type.Integer({ description: 'the lowest goes first' }),
  targets: Type.Optional(Names),
  selector: Type.Optional(Selector),
  canaryPercent: Type.Optional(SharePercent),
  fullRollout: Type.Optional(Type.Boolean({ description: 'true: whom an earlier entry left' })),
  approvalRequired: Type.Optional(Type.Boolean()),
  approval: Type.Optional(Approval),
  ...Verifying,
}, strict)

export const FleetCanary = Type.Object({
  type: Type.Literal('canary'),
  canaryPercent: Type.Optional(SharePercent),
  canaryTargets: Type.Optional(Names),
  canarySelector: Type.Optional(Selector),
  clusterOrder: Type.Optional(Type.Array(ClusterWave, { minItems: 1, maxItems: 100 })),
  autoPromote: Type.Boolean({ default: true, description: 'false: a person says yes before the others follow' }),
  approval: Type.Optional(Approval),
  ...Verifying,
  ...Common,
}, strict)

/** How a stage goes over its targets. Spec 2's nested `config:` is read as if it stood one level up. */
export const FleetStrategy = Type.Union([Rolling, FleetCanary])
export type FleetStrategy = Static<typeof FleetStrategy>
export type ClusterWave = Static<typeof ClusterWave>
