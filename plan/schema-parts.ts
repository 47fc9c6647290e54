import { Type } from 'typebox'
import { DURATION_PATTERN } from '../domain/duration.js'
import './formats.js'

/** Unknown keys are errors. */
export const strict = { additionalProperties: false } as const
export const Percent = Type.Number({ minimum: 0, maximum: 100, description: 'percent of requests, 0–100' })
/** Spec 2's bare seconds (`30`) are normalised to `30s` before the check. */
export const Duration = Type.String({ pattern: DURATION_PATTERN, format: 'duration', description: 'such as 90s, 15m, 1h30m' })
export const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N} ._-]*$', description: 'letters, digits, space, dot, dash, underscore' })
export const Expression = Type.String({ minLength: 1, maxLength: 4096, format: 'cel', description: 'a CEL expression' })
/** `"<1%"`, `"< 0.5"`, `"<300ms"`; a bare number means at most. */
export const ThresholdText = Type.Union([Type.String({ format: 'threshold' }), Type.Number()], { description: 'such as "<1%", "< 0.5", "<300ms"' })
export const Headers = Type.Record(Type.String(), Type.String(), { description: 'header name to value; values may be secret references' })

/** Who must say yes, and how many of them. */
export const Approval = Type.Object({
  approvers: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'names or e-mail addresses' }),
  groups: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'groups whose members may approve' }),
  quorum: Type.Integer({ minimum: 1, default: 1, description: 'how many different people must approve' }),
  expires: Type.Optional(Duration),
  allowAuthor: Type.Boolean({ default: false, description: 'may the person who started the release approve it' }),
  doors: Type.Optional(Type.Array(Type.Union(['api', 'slack', 'dingtalk', 'wecom', 'email', 'webhook', 'temporal'].map((door) => Type.Literal(door))))),
}, strict)

/** Where measures come from and what they must be. */
export const AnalysisQuery = Type.Object({
  name: Name,
  query: Type.String({ minLength: 1, description: 'PromQL, or a path such as $.data.errorRate in the JSON answer' }),
  threshold: ThresholdText,
}, strict)
