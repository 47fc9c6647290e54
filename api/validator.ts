import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import type { TSchema } from 'typebox'
import type { FastifySchemaCompiler } from 'fastify'
import { isObject } from '../domain/json.js'
import { invalid, type Issue } from './problem.js'

/** The most that is listed: a body of a thousand mistakes is refused with the first fifty. */
const MOST_ISSUES = 50
const PART: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' }

/** Checks with TypeBox: defaults are filled in, texts of queries and paths are converted, every mistake is named at once. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  const part = PART[httpPart ?? ''] ?? 'request'
  return (given: unknown) => {
    if (Buffer.isBuffer(given)) return { value: given } // an archive is checked by who reads it
    const filled = Value.Default(schema, structuredClone(given ?? undefined)) // no body at all is what the schema's default says
    const value = httpPart === 'body' ? filled : Value.Convert(schema, filled)
    if (check.Check(value)) return holdsZero(value) ? { error: invalid('REQUEST_INVALID', `bad ${part}: a text holds a zero byte, which cannot be stored`, []) } : { value }
    const issues = [...check.Errors(value)].filter(({ keyword }) => keyword !== 'boolean') // said again, with the allowed keys, by the object around it
      .slice(0, MOST_ISSUES).map((error) => issueOf(schema, error))
    return { error: invalid('REQUEST_INVALID', `bad ${part}: ${issues.slice(0, 3).map(({ path, message }) => path ? `${path}: ${message}` : message).join('; ')}`, issues) }
  }
}

interface SchemaError { keyword: string; instancePath: string; message: string; params: object }

function issueOf(schema: TSchema, { keyword, instancePath, message, params }: SchemaError): Issue {
  const path = instancePath.slice(1).replaceAll('/', '.')
  if (keyword !== 'additionalProperties') return { path, message: `${message}${detail(keyword, params)}` }
  const unknown = (params as { additionalProperties: string[] }).additionalProperties.map((key) => `"${key}"`).join(', ')
  const allowed = allowedKeys(schema, path === '' ? [] : path.split('.'))
  return { path, message: `unknown ${unknown}${allowed ? `; allowed: ${allowed.join(', ')}` : ''}` }
}

/** The values a schema names, where its message does not. */
function detail(keyword: string, params: object): string {
  const { allowedValues, allowedValue } = params as { allowedValues?: unknown[]; allowedValue?: unknown }
  if (keyword === 'enum' && allowedValues) return `: ${allowedValues.join(', ')}`
  return keyword === 'const' && allowedValue !== undefined ? `: ${JSON.stringify(allowedValue)}` : ''
}

/** The keys the object at `path` may have; null where the schema leaves a choice. */
function allowedKeys(schema: unknown, path: string[]): string[] | null {
  const [step, ...rest] = path
  if (!isObject(schema)) return null
  if (step === undefined) return isObject(schema['properties']) ? Object.keys(schema['properties']) : null
  return allowedKeys(isObject(schema['properties']) ? schema['properties'][step] : schema['items'], rest)
}

/** PostgreSQL stores no zero bytes: they are refused at the door, wherever they are. */
function holdsZero(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (Buffer.isBuffer(value)) return false
  if (Array.isArray(value)) return value.some(holdsZero)
  return isObject(value) && Object.entries(value).some(([key, item]) => key.includes('\0') || holdsZero(item))
}
