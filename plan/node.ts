import type { Json } from '../domain/json.js'
import { isObject } from '../domain/json.js'
import { isLate, type LatePart } from '../domain/late-value.js'

/** Where a value is written. Offsets count UTF-16 units from the start of the file. */
export interface Place { file: string; path: string; start: number; end: number }

/** A value of a plan and where it is written. */
export type Node = MapNode | ListNode | ScalarNode | LateNode
export interface Entry { key: Place; value: Node }
export interface MapNode { type: 'map'; place: Place; entries: ReadonlyMap<string, Entry> }
export interface ListNode { type: 'list'; place: Place; items: readonly Node[] }
export interface ScalarNode {
  type: 'scalar'
  place: Place
  value: string | number | boolean | null
  /** As it is written, where that is not its value: `1.20`. */
  source?: string
  /** No `${…}` in it is filled in (any more). */
  fixed?: boolean
}
/** Known only once the release runs. */
export interface LateNode { type: 'late'; place: Place; parts: LatePart[] }

export const isNull = (node: Node | undefined): boolean => node?.type === 'scalar' && node.value === null
export const entryOf = (node: Node | null | undefined, key: string): Node | undefined => node?.type === 'map' ? node.entries.get(key)?.value : undefined
export const textOf = (node: Node | undefined): string | null => node?.type === 'scalar' && typeof node.value === 'string' ? node.value : null
export const mapNode = (place: Place, entries: Iterable<[string, Entry]> = []): MapNode => ({ type: 'map', place, entries: new Map(entries) })
export const without = (node: MapNode, ...keys: string[]): MapNode => ({ ...node, entries: new Map([...node.entries].filter(([key]) => !keys.includes(key))) })

/** A value from outside the plan's files, such as a layer's. Its `${…}` stay as they are unless `fixed` is false. */
export function fromJson(value: Json, place: Place, fixed = true): Node {
  if (isLate(value)) return { type: 'late', place, parts: value.$late }
  if (Array.isArray(value)) return { type: 'list', place, items: value.map((item) => fromJson(item, place, fixed)) }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([key]) => key !== '__proto__')
    return mapNode(place, entries.map(([key, item]) => [key, { key: place, value: fromJson(item, place, fixed) }]))
  }
  return { type: 'scalar', place, value, fixed }
}

export function toJson(node: Node): Json {
  switch (node.type) {
    case 'map': return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toJson(value)]))
    case 'list': return node.items.map(toJson)
    case 'late': return { $late: node.parts as Json[] }
    case 'scalar': return node.value
  }
}

/** For messages: what a person would call it. */
export function describe(node: Node): string {
  switch (node.type) {
    case 'map': return 'a map'
    case 'list': return 'a list'
    case 'late': return 'a value known later'
    case 'scalar': return node.value === null ? 'empty' : typeof node.value === 'string' ? shorten(JSON.stringify(node.value)) : String(node.value)
  }
}
const shorten = (text: string): string => text.length > 60 ? `${text.slice(0, 57)}…"` : text
/** `stages[0].jobs` + `name` → `stages[0].jobs.name`. */
export const childPath = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : /^[^.[\]\s]+$/u.test(key) ? (path === '' ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`
/** The last step of a path, for messages. */
export const lastStep = (place: Place): string => /(?:^|\.)([^.[\]]+(?:\[\d+\])*)$/u.exec(place.path)?.[1] ?? (place.path === '' ? 'the file' : place.path)
