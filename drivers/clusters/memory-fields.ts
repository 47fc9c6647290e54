import { isObject } from '../../domain/json.js'
import type { ClusterObject } from './port.js'

type Path = string[]
/** Which managers have a field, by its path; lists are fields as a whole here. */
export type Owners = Map<string, Set<string>>

const WHAT_IT_IS = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace']

/** The fields an object names: everything below maps, but what it is called. */
export function fieldsOf(object: ClusterObject): { path: Path; value: unknown }[] {
  const leaves = (value: unknown, path: Path): { path: Path; value: unknown }[] =>
    isObject(value) && Object.keys(value).length > 0 ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name])) : [{ path, value }]
  return leaves(object, []).filter(({ path }) => !WHAT_IT_IS.includes(path.join('.')))
}

/** Server-side apply on one object, lists apart: what it becomes, or which other managers have fields of it. */
export function merged(live: ClusterObject, owners: Owners, object: ClusterObject, manager: string, force: boolean): { object: ClusterObject; owners: Owners; conflicts: { manager: string; field: string }[] } {
  const next = structuredClone(live)
  const nextOwners: Owners = new Map([...owners].map(([key, who]) => [key, new Set(who)]))
  const fields = fieldsOf(object)
  const conflicts = fields.flatMap(({ path, value }) => same(at(live, path), value) ? [] : [...owners.get(keyOf(path)) ?? []].filter((other) => other !== manager).map((other) => ({ manager: other, field: `.${path.join('.')}` })))
  const named = new Set(fields.map(({ path }) => keyOf(path)))
  for (const [key, who] of nextOwners) {
    if (named.has(key) || !who.delete(manager) || who.size > 0) continue
    nextOwners.delete(key)
    remove(next, JSON.parse(key) as Path)
  }
  for (const { path, value } of fields) {
    const key = keyOf(path)
    const others = same(at(live, path), value) ? nextOwners.get(key) ?? [] : []
    nextOwners.set(key, new Set([...others, manager]))
    put(next, path, structuredClone(value))
  }
  return { object: next, owners: nextOwners, conflicts: force ? [] : conflicts }
}

/** What one manager has changed by other means becomes its own. */
export function updatedOwners(before: ClusterObject | null, after: ClusterObject, owners: Owners, manager: string): Owners {
  const fields = fieldsOf(after)
  return new Map(fields.map(({ path, value }) => [keyOf(path), before && same(at(before, path), value) ? owners.get(keyOf(path)) ?? new Set<string>() : new Set([manager])]))
}

/** JSON merge patch (RFC 7386). */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name)
    else result[name] = mergePatched(result[name], value)
  }
  return result
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
const sorted = (value: unknown): unknown => Array.isArray(value) ? value.map(sorted)
  : isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, inner]) => [name, sorted(inner)])) : value
const keyOf = (path: Path): string => JSON.stringify(path)
export const at = (value: unknown, path: Path): unknown => path.reduce<unknown>((inner, name) => isObject(inner) ? inner[name] : undefined, value)

function put(object: Record<string, unknown>, [name = '', ...rest]: Path, value: unknown): void {
  if (rest.length === 0) object[name] = value
  else {
    if (!isObject(object[name])) object[name] = {}
    put(object[name] as Record<string, unknown>, rest, value)
  }
}

function remove(object: Record<string, unknown>, [name = '', ...rest]: Path): void {
  if (rest.length === 0) Reflect.deleteProperty(object, name)
  else if (isObject(object[name])) remove(object[name], rest)
}
