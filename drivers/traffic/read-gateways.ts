import { readFileSync } from 'node:fs'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { isObject } from '../../domain/json.js'
import type { GatewayType } from './gateway-type.js'
import { GATEWAY_TYPES } from './gateways.js'
import type { TrafficPort } from './port.js'

/** Names that stand for something else in plans. */
const RESERVED = ['edge', 'replicas']

/**
 * The gateways of the file RELEASECTL_GATEWAYS names: `<name>: { type, … }`. Read once, at start; nothing is connected to.
 * A value `{ from: env:NAME }` or `{ from: file:/path }` is read from there: the file is the operator's own, so any name and path will do.
 * @param file left out: none
 * @throws Error naming the file, every gateway, path and what is allowed; never a value, it may be a secret
 */
export function readGateways(file: string | undefined, types: Record<string, GatewayType> = GATEWAY_TYPES, environment: Record<string, string | undefined> = process.env): Record<string, TrafficPort> {
  if (file === undefined) return {}
  const gateways: Record<string, TrafficPort> = {}
  const issues: string[] = []
  for (const [name, written] of entriesOf(file)) {
    try { gateways[name] = gatewayOf(name, written, types, environment) }
    catch (error) { issues.push(`gateway ${name}: ${(error as Error).message}`) }
  }
  if (issues.length > 0) throw new Error(`RELEASECTL_GATEWAYS ${file}: ${issues.join('; ')}`)
  return gateways
}

function entriesOf(file: string): [string, unknown][] {
  try {
    const content: unknown = parse(readFileSync(file, 'utf8')) ?? {}
    if (!isObject(content)) throw new Error('must be a map from a gateway\'s name to its settings')
    return Object.entries(content)
  } catch (error) { throw new Error(`RELEASECTL_GATEWAYS ${file}: ${(error as Error).message}`, { cause: error }) }
}

function gatewayOf(name: string, written: unknown, types: Record<string, GatewayType>, environment: Record<string, string | undefined>): TrafficPort {
  if (RESERVED.includes(name)) throw new Error(`the name is taken; not allowed are ${RESERVED.join(', ')}`)
  if (!isObject(written)) throw new Error(`must be a map with type: ${Object.keys(types).join(', ')}`)
  const { type, ...connection } = written
  const known = typeof type === 'string' && Object.hasOwn(types, type) ? types[type] : undefined
  if (!known) throw new Error(`type must be one of ${Object.keys(types).join(', ')}, not ${type === undefined ? 'left out' : JSON.stringify(type)}`)
  const settings = Value.Default(known.schema, followed(connection, '', environment))
  const wrong = [...Value.Errors(known.schema, settings)].filter(({ message }) => message !== 'schema is false').map(({ instancePath, message, params }) => `${[...instancePath.split('/').slice(1), ...unknownKeys(params)].join('.') || 'settings'} ${message}`)
  if (wrong.length > 0) throw new Error(`${[...new Set(wrong)].join(', ')} (${String(type)} takes ${allowed(known)})`)
  return known.create(settings, name)
}

/** The same with every reference followed. @throws Error naming where a reference leads nowhere */
function followed(value: unknown, path: string, environment: Record<string, string | undefined>): unknown {
  if (Array.isArray(value)) return value.map((item, n) => followed(item, `${path}${n}.`, environment))
  if (!isObject(value)) return value
  const { from, ...others } = value
  if (typeof from !== 'string' || Object.keys(others).length > 0) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, followed(inner, `${path}${key}.`, environment)]))
  const where = path.slice(0, -1)
  const [scheme, reference] = [from.split(':')[0], from.slice(from.indexOf(':') + 1)]
  if (scheme === 'env') {
    const found = environment[reference]
    if (found === undefined) throw new Error(`${where}: environment variable ${reference} is not set on the worker`)
    return found
  }
  if (scheme !== 'file') throw new Error(`${where}: from must be env:NAME or file:/path`)
  try { return readFileSync(reference, 'utf8').replace(/\r?\n$/, '') }
  catch (error) { throw new Error(`${where}: ${reference} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason'}`, { cause: error }) }
}

function unknownKeys(params: unknown): string[] {
  const { additionalProperties } = params as { additionalProperties?: string[] }
  return additionalProperties ? [additionalProperties.join(', ')] : []
}

function allowed({ schema }: GatewayType): string {
  const needed = new Set<string>(schema.required as string[] | undefined)
  return Object.entries(schema.properties).map(([key, { default: otherwise }]: [string, { default?: unknown }]) => needed.has(key) && otherwise === undefined ? key : `${key}?`).join(', ')
}
