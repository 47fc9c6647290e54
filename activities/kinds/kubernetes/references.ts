import { failure } from '../../../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../../../domain/json.js'

const REFERENCE = /(\$?)\$\{([^}\s]+)\}/gu

/**
 * Fill `${variables.a.b}` and built-in names (`${RELEASE_VERSION}`) into the texts of a parsed file, so that no value can change its structure.
 * A text that is one reference keeps the value's type. Every other `${…}` stays: scripts in ConfigMaps are full of them. `$${variables.x}` is a plain `${variables.x}`.
 * @throws CONFIG_INVALID when there is no such variable
 */
export function withReferences(value: unknown, file: string, variables: JsonObject, builtIn: Record<string, string>): unknown {
  if (typeof value === 'string') return filled(value, file, variables, builtIn)
  if (Array.isArray(value)) return value.map((item) => withReferences(item, file, variables, builtIn))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withReferences(inner, file, variables, builtIn)])) : value
}

function filled(text: string, file: string, variables: JsonObject, builtIn: Record<string, string>): Json {
  const valueOf = (path: string): Json | undefined => {
    if (Object.hasOwn(builtIn, path)) return builtIn[path]
    if (!path.startsWith('variables.')) return undefined
    const value = path.slice('variables.'.length).split('.').reduce<unknown>((inner, name) => isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined, variables)
    if (value === undefined) throw failure('CONFIG_INVALID', `${file}: \${${path}}: the plan has no such variable; it has: ${Object.keys(variables).sort().join(', ') || 'none'}`)
    return value as Json
  }
  const whole = /^\$\{([^}\s]+)\}$/u.exec(text)?.[1]
  if (whole !== undefined) return valueOf(whole) ?? text
  return text.replace(REFERENCE, (as, escape: string, path: string) => {
    const isOurs = path.startsWith('variables.') || Object.hasOwn(builtIn, path)
    if (!isOurs) return as
    if (escape === '$') return as.slice(1)
    const value = valueOf(path)
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}
