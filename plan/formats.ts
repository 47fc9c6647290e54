import Format from 'typebox/format'
import { parseThreshold } from '../domain/criteria.js'
import { parseDuration } from '../domain/duration.js'
import { parseExpression } from '../domain/expression.js'

/** Ten years, in ms: longer is a slip of the keyboard, and more than timers take. */
export const MAX_DURATION_MS = 3650 * 86_400_000

/** The formats of the plan's schemas that JSON Schema has none of, or another (its `duration` is ISO 8601's). Registered for every check with typebox. */
export const FORMATS = {
  duration: (text: string): boolean => {
    const ms = parseDuration(text)
    return ms !== null && ms <= MAX_DURATION_MS
  },
  threshold: (text: string): boolean => parseThreshold(text) !== null,
  cel: (text: string): boolean => parseExpression(text).ok,
} as const
for (const [name, check] of Object.entries(FORMATS)) Format.Set(name, check)
