import { Type, type TSchema } from 'typebox'
import { AGENT, ROLES } from '../roles.js'

/** Unknown keys are refused. */
export const strict = { additionalProperties: false } as const
export const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
export const oneOf = <const Values extends readonly string[]>(values: Values, options = {}) => Type.Unsafe<Values[number]>(Type.Enum([...values], { type: 'string', ...options }))

export const Moment = Type.String({ format: 'date-time', description: 'ISO 8601 UTC' })
export const MomentOrNull = orNull(Moment)
export const TextOrNull = orNull(Type.String())
/** Any JSON. */
export const AnyJson = Type.Unknown()
export const JsonMap = Type.Record(Type.String(), Type.Unknown())
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256, hex' })
export const RoleName = oneOf([...ROLES, AGENT])
export const Tag = Type.String({ minLength: 1, maxLength: 200 })

/** Files of a bundle by path. */
export const Files = Type.Record(Type.String(), Type.String(), { description: 'path to text' })

export const ReleaseParams = Type.Object({ id: Tag })
export const ReleaseTargetParams = Type.Object({ id: Tag, target: Tag })
export const NameParams = Type.Object({ name: Tag })
/** Of lists: how many, and where the page before ended. */
export const Page = {
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  cursor: Type.Optional(Type.String({ description: '`next` of the page before' })),
}
export const Next = TextOrNull
/** The same key with the same request is done once; with another request it is refused (409 IDEMPOTENCY_CONFLICT). */
export const IdempotencyHeader = Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) })
