import { isObject } from '../../../domain/json.js'

/** With its keys in order, however deep. */
export const sorted = (value: unknown): unknown => Array.isArray(value) ? value.map(sorted)
  : isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, inner]) => [name, sorted(inner)])) : value

export const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
