import { failure } from '../../domain/failures.js'
import { isObject } from '../../domain/json.js'
import { ask, hostOf, parseJson, start, type Ask } from './ask.js'
import type { MetricQuery } from './port.js'

const STEP = /\.?([^.[\]]+)|\[(\d+)\]/y

/** One number out of a JSON answer, by a path such as `$.data.rates[0].error` or `data.rates.0.error`. Numbers in quotes count. */
export async function askJson({ url, path, headers }: Extract<MetricQuery, { source: 'json' }>, how: Pick<Ask, 'timeoutMs' | 'signal'>): Promise<number | null> {
  const who = `json at ${hostOf(url)}`
  const steps = parsePath(path)
  if (steps === null) throw failure('TARGET_REFUSED', `not a path: ${path}; write $.a.b[0].c`)
  const found = steps.reduce<unknown>(stepInto, parseJson(who, await ask(who, { url, headers, ...how }, start)))
  if (found === undefined || found === null) return null
  const value = typeof found === 'number' ? found : typeof found === 'string' && found.trim() !== '' ? Number(found) : NaN
  if (Number.isNaN(value) && found !== 'NaN') throw failure('TARGET_REFUSED', `${path} is no number: ${start(JSON.stringify(found))}`)
  return Number.isNaN(value) ? null : value
}

/** Null when the text is no path. `$` alone is the whole answer. */
function parsePath(path: string): string[] | null {
  const rest = path.trim().replace(/^\$/, '')
  const steps: string[] = []
  for (STEP.lastIndex = 0; STEP.lastIndex < rest.length;) {
    const match = STEP.exec(rest)
    if (!match) return null
    steps.push(match[1] ?? match[2] ?? '')
  }
  return path.trim() === '' ? null : steps
}

const stepInto = (value: unknown, step: string): unknown =>
  Array.isArray(value) ? (value as unknown[])[Number(step)] : isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
