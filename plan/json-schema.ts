import type { Json, JsonObject } from '../domain/json.js'
import { isObject } from '../domain/json.js'
import { DEPLOY_TYPES } from './deploy.js'
import { KINDS } from './kinds/index.js'
import type { Kind } from './kind.js'
import { KEYWORDS } from './plan-keywords.js'
import { JobSpec, PlanSpec } from './plan-schema.js'

/** Where plans are checked by an editor: the value itself, or `${…}` that comes to it. */
const REFERENCE: JsonObject = { type: 'string', pattern: '\\$\\{.+\\}' }
/** JSON Schema knows no such formats, or others of that name. */
const OWN_FORMATS = ['duration', 'cel', 'threshold', 'timezone']

/** JSON Schema (draft 2020-12) of a plan file in its canonical spelling, with each kind's config chosen by the job's `type`. `others`: kinds of plugins. */
export function planJsonSchema(others: readonly Kind[] = []): JsonObject {
  const schema = editorSchema(plain(PlanSpec)) as JsonObject
  const properties = schema['properties'] as JsonObject
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'ReleasePlan',
    ...schema,
    properties: { ...properties, pipeline: { ...properties['pipeline'] as JsonObject, description: 'instead of stages: three fixed ones, each in order' } },
    $defs: { reference: REFERENCE, job: jobSchema(others) },
  }
}

function jobSchema(others: readonly Kind[]): JsonObject {
  const job = editorParts(plain(JobSpec))
  const kinds = [...Object.values(KINDS) as Kind[], ...others]
  const names = kinds.flatMap(({ name, aliases }) => [name, ...aliases])
  const types = { enum: [...names, ...DEPLOY_TYPES], description: [...kinds.map(({ name, description }) => `${name}: ${description}`), 'deploy, rollback: as the plan\'s deploy says'].join('\n') }
  return {
    ...job,
    properties: { ...job['properties'] as JsonObject, type: types },
    allOf: kinds.map((kind) => ({
      if: { properties: { type: { enum: [kind.name, ...kind.aliases] } }, required: ['type'] },
      then: { properties: { config: { anyOf: [{ $ref: '#/$defs/reference' }, editorSchema(plain(kind.schema))] } } },
    })),
  }
}

/** Without what TypeBox notes for itself. */
const plain = (schema: object): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject

function editorSchema(schema: Json): Json {
  if (!isObject(schema)) return schema
  return isJob(schema) ? { $ref: '#/$defs/job' } : editorParts(schema)
}

function editorParts(schema: JsonObject): JsonObject {
  const known = Object.fromEntries(Object.entries(schema).filter(([key, value]) => !isOwn(key, value)))
  const result: JsonObject = { ...known }
  if (isObject(known['properties'])) {
    const properties = Object.entries(known['properties']).filter(([, property]) => !(isObject(property) && 'notInThisBuild' in property))
    result['properties'] = Object.fromEntries(properties.map(([key, property]) => [key, orReference(property)]))
    const required = (known['required'] as string[] | undefined ?? []).filter((key) => properties.some(([name, property]) => name === key && isObject(property) && property['default'] === undefined))
    delete result['required']
    if (required.length > 0) result['required'] = required
  }
  if (isObject(known['patternProperties'])) result['patternProperties'] = Object.fromEntries(Object.entries(known['patternProperties']).map(([key, value]) => [key, orReference(value)]))
  if (known['items'] !== undefined) result['items'] = orReference(known['items'])
  if (Array.isArray(known['anyOf'])) result['anyOf'] = known['anyOf'].map(editorSchema)
  return result
}

const isOwn = (key: string, value: Json): boolean => (KEYWORDS as readonly string[]).includes(key) || (key === 'format' && typeof value === 'string' && OWN_FORMATS.includes(value))
/** The job's schema stands in every stage: once is enough. */
const isJob = (schema: Record<string, unknown>): boolean => JSON.stringify(schema) === JOB
const JOB = JSON.stringify(JobSpec)

/** A reference may stand where text does anyway; elsewhere, and where a text has a form, it is said. */
function orReference(schema: Json): Json {
  const own = editorSchema(schema)
  if (!isObject(own) || own['$ref'] !== undefined) return own
  const { type, pattern, format, const: constant, minLength } = own
  if (type === undefined && own['anyOf'] === undefined) return own
  if (type === 'string' && pattern === undefined && format === undefined && constant === undefined && (minLength === undefined || minLength === 1)) return { ...own, type: ['string', 'number', 'boolean'] }
  const { description, default: fallback, ...rest } = own
  const seconds = isObject(schema) && schema['format'] === 'duration' ? [{ type: 'number', minimum: 0 }] : []
  return { ...description !== undefined && { description }, ...fallback !== undefined && { default: fallback }, anyOf: [rest, ...seconds, { $ref: '#/$defs/reference' }] }
}
