import Format from 'typebox/format'
import { Value } from 'typebox/value'
import { parseDuration } from '../domain/duration.js'
import { FORMATS, MAX_DURATION_MS } from './formats.js'
import type { IssueCode } from './issue.js'
import type { PlanSchema } from './plan-keywords.js'

export interface LeafProblem { code: IssueCode; message: string; suggestion?: string | undefined }

/** Is a text, number or true/false as its schema says? `name` is what the message calls it. */
export function leafProblem(schema: PlanSchema, value: string | number | boolean, name: string): LeafProblem | null {
  const shown = typeof value === 'string' ? JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value) : String(value)
  if (typeof value === 'string' && schema.type === 'string') {
    const problem = formatProblem(schema.format, value, name, shown)
    if (problem) return problem
  }
  const [error] = Value.Errors(schema, value)
  if (!error) return null
  switch (error.keyword) {
    case 'type': return { code: 'WRONG_TYPE', message: `${name} is ${shown}; it must be ${TYPES[String(error.params.type)] ?? String(error.params.type)}` }
    case 'minimum': return { code: 'OUT_OF_RANGE', message: `${name} is ${shown}; at least ${error.params.limit} is allowed${unit(schema)}` }
    case 'maximum': return { code: 'OUT_OF_RANGE', message: `${name} is ${shown}; at most ${error.params.limit} is allowed${unit(schema)}` }
    case 'minLength': return { code: 'OUT_OF_RANGE', message: value === '' ? `${name} is empty` : `${name} is ${shown}; at least ${error.params.limit} characters are needed` }
    case 'maxLength': return { code: 'OUT_OF_RANGE', message: `${name} is longer than ${error.params.limit} characters` }
    case 'pattern': return { code: 'BAD_FORMAT', message: `${name} is ${shown}; allowed: ${schema.description ?? String(error.params.pattern)}` }
    default: return { code: 'WRONG_VALUE', message: `${name} is ${shown}; ${error.message}` }
  }
}

const TYPES: Record<string, string> = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false', object: 'a map', array: 'a list', null: 'empty' }
const unit = ({ description }: PlanSchema): string => description === undefined ? '' : ` (${description})`

function formatProblem(format: string | undefined, text: string, name: string, shown: string): LeafProblem | null {
  switch (format) {
    case 'duration':
      if (FORMATS.duration(text)) return null
      return parseDuration(text) !== null ? { code: 'OUT_OF_RANGE', message: `${name} is ${shown}; at most ${MAX_DURATION_MS / 86_400_000}d is allowed` }
        : { code: 'BAD_DURATION', message: `${name} is ${shown}; a duration is written such as 90s, 15m, 1h30m`, suggestion: likelyDuration(text) }
    case 'threshold':
      return FORMATS.threshold(text) ? null : { code: 'BAD_THRESHOLD', message: `${name} is ${shown}; a threshold is written such as "<1%", "< 0.5", "<300ms"` }
    case 'uri':
      return isHttpUrl(text) ? null : { code: 'BAD_URL', message: `${name} is ${shown}; an http:// or https:// URL is needed` }
    case 'date-time':
      return Format.IsDateTime(text) ? null : { code: 'BAD_TIME', message: `${name} is ${shown}; a moment is written such as 2026-03-01T08:00:00Z` }
    case 'timezone':
      return isTimeZone(text) ? null : { code: 'BAD_TIME', message: `${name} is ${shown}; a time zone is written such as Europe/Berlin` }
    default: return null
  }
}

function isHttpUrl(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol)
  } catch {
    return false
  }
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

const UNITS: [RegExp, string][] = [[/^(?:ms|millis(?:econds?)?)$/iu, 'ms'], [/^(?:s|secs?|seconds?)$/iu, 's'], [/^(?:m|mins?|minutes?)$/iu, 'm'], [/^(?:h|hrs?|hours?)$/iu, 'h'], [/^(?:d|days?)$/iu, 'd']]

function likelyDuration(text: string): string | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/iu.exec(text)
  if (!match) return undefined
  const [, count = '', word = ''] = match
  const unitFound = word === '' ? 's' : UNITS.find(([pattern]) => pattern.test(word))?.[1]
  return unitFound && `did you mean "${count}${unitFound}"?`
}
