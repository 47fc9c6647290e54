import type { Entry } from './node.js'
import type { PlanSchema } from './plan-keywords.js'

/** A key by its canonical name. */
export interface Given { name: string; entry: Entry }

/** `on_error` → `onError`, where the schema knows that; null for a key it does not know. */
export function canonicalKey(key: string, properties: Record<string, PlanSchema>): string | null {
  if (Object.hasOwn(properties, key)) return key
  const camel = toCamel(key)
  if (Object.hasOwn(properties, camel)) return camel
  return Object.keys(properties).find((name) => properties[name]?.alsoSpelt?.some((other) => other === key || other === camel) === true) ?? null
}

const toCamel = (key: string): string => key.replace(/_([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase())
