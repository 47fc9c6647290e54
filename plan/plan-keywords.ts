import type { TSchema } from 'typebox'

/** What a schema of a plan or a job kind may say beyond JSON Schema. */
export interface PlanKeywords {
  /** A text in which no `${…}` is filled in; one line that names a file of the bundle becomes that file's text. */
  literal?: true
  /** Other spellings of the key, besides its own in snake_case. */
  alsoSpelt?: readonly string[]
  /** The key is known and looked at by other code. */
  elsewhere?: true
  /** The key is known, but this build cannot do it: what it would need. */
  notInThisBuild?: string
  /** A value that must not be written out in a plan: only a secret fits. */
  secretOnly?: true
}
export const KEYWORDS: readonly (keyof PlanKeywords)[] = ['literal', 'alsoSpelt', 'elsewhere', 'notInThisBuild', 'secretOnly']

/** A schema as the compiler walks it: the part of JSON Schema that plans use. */
export interface PlanSchema extends TSchema, PlanKeywords {
  type?: string
  const?: string | number | boolean
  enum?: (string | number | boolean)[]
  anyOf?: PlanSchema[]
  properties?: Record<string, PlanSchema>
  patternProperties?: Record<string, PlanSchema>
  additionalProperties?: boolean | PlanSchema
  required?: string[]
  items?: PlanSchema
  minItems?: number
  maxItems?: number
  format?: string
  description?: string
  default?: unknown
}

/** Seen as the walk sees it. */
export const planSchema = (schema: TSchema): PlanSchema => schema
export const propertiesOf = (schema: TSchema): Record<string, PlanSchema> => planSchema(schema).properties ?? {}
