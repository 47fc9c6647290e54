import { isObject } from '../domain/json.js'

export interface Setting { path: string; type: string; required: boolean; description: string }

/** A JSON Schema of a config as a list people read: one line a key, nested keys indented by their path. */
export function settingsOf(schema: unknown, prefix = ''): Setting[] {
  const { properties, required } = isObject(schema) ? schema : {}
  if (!isObject(properties)) return []
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${prefix}${name}`
    const its = isObject(property) ? property : {}
    const mustBeGiven = Array.isArray(required) && required.includes(name) && its['default'] === undefined
    const text = [its['description'], its['default'] === undefined || isObject(its['default']) ? null : `default ${JSON.stringify(its['default'])}`].filter((part) => typeof part === 'string').join('; ')
    return [{ path, type: typeOf(its), required: mustBeGiven, description: text }, ...settingsOf(its, `${path}.`), ...settingsOf(its['items'], `${path}[].`)]
  })
}

function typeOf(schema: Record<string, unknown>): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  if (Array.isArray(schema['enum'])) return schema['enum'].map((one) => JSON.stringify(one)).join(' | ')
  if (Array.isArray(schema['anyOf'])) return [...new Set(schema['anyOf'].filter(isObject).map(typeOf))].join(' | ')
  if (schema['format'] === 'duration') return 'duration'
  if (schema['type'] === 'array') return `list of ${isObject(schema['items']) ? typeOf(schema['items']) : 'anything'}`
  return schema['type'] === 'object' ? 'map' : typeof schema['type'] === 'string' ? schema['type'] : 'anything'
}
