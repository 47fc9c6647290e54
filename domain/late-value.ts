import type { Json } from './json.js'
import { isObject } from './json.js'

/**
 * A value the compiler cannot know. It takes the place of a string in a job's config:
 * `{ $late: ['Bearer ', { secret: 'env:TOKEN' }] }`. One part alone keeps its type; several are joined as text.
 * `ref` parts (`jobs.smoke.outputs.url`) are filled in by the workflow, `secret` parts inside an activity only.
 */
export interface LateValue { $late: LatePart[] }
export type LatePart = string | { ref: string } | { secret: string }

export const isLate = (value: unknown): value is LateValue => isObject(value) && Array.isArray(value['$late'])

/** Fill in the parts that `lookUp` knows (not undefined); the others stay late. */
export function fillIn(value: Json, lookUp: (part: { ref: string } | { secret: string }) => Json | undefined): Json {
  if (isLate(value)) return join(value.$late.map((part) => typeof part === 'string' ? part : known(part, lookUp(part))))
  if (Array.isArray(value)) return value.map((item) => fillIn(item, lookUp))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, lookUp)]))
  return value
}

/** Every part still late in a config: what a job needs before it can run. */
export function lateParts(value: unknown): Exclude<LatePart, string>[] {
  if (isLate(value)) return value.$late.filter((part) => typeof part !== 'string')
  if (Array.isArray(value)) return value.flatMap(lateParts)
  return isObject(value) ? Object.values(value).flatMap(lateParts) : []
}

type Filled = { value: Json } | Exclude<LatePart, string> | string
/** A value from outside that looks late becomes text: a job's output must not name a secret. */
const known = (part: Exclude<LatePart, string>, value: Json | undefined): Filled =>
  value === undefined ? part : { value: lateParts(value).length > 0 ? JSON.stringify(value) : value }

function join(parts: Filled[]): Json {
  const [only] = parts
  if (parts.length === 1 && only !== undefined && typeof only !== 'string' && 'value' in only) return only.value
  const texts: LatePart[] = []
  for (const part of parts) {
    const text = typeof part === 'string' ? part : 'value' in part ? asText(part.value) : part
    const last = texts.length - 1
    if (typeof text === 'string' && typeof texts[last] === 'string') texts[last] += text
    else texts.push(text)
  }
  const [text] = texts
  return texts.length === 1 && typeof text === 'string' ? text : { $late: texts as Json[] }
}

const asText = (value: Json): string => typeof value === 'string' ? value : JSON.stringify(value)
