import { isObject, type JsonObject } from '../../../domain/json.js'
import type { RouteSplit, Side } from '../port.js'

/** Labels hold no blanks (schema_def.lua: `^\S+$`), so what is in them is written as in a URL. */
const PREFIX = 'releasectl_'
const key = (place: string, what: string): string => `${PREFIX}${place}_${what}`

/** The sides that releasectl has left in a route's labels. */
export const labelled = (route: JsonObject, place: 'stable' | 'candidate'): Side | null => {
  const labels = isObject(route['labels']) ? route['labels'] : {}
  const [id, version, url] = ['id', 'version', 'url'].map((what) => labels[key(place, what)])
  return typeof id === 'string' && typeof version === 'string' && typeof url === 'string'
    ? { id: decodeURIComponent(id), version: decodeURIComponent(version), url: decodeURIComponent(url) } : null
}

/** A route's labels, with those of others untouched; undefined: none. */
export function labelsWith(route: JsonObject, { stable, candidate }: RouteSplit): JsonObject | undefined {
  const labels = isObject(route['labels']) ? route['labels'] : {}
  const others = Object.entries(labels).filter(([name]) => !name.startsWith(PREFIX))
  const ours = Object.entries({ stable, candidate }).flatMap(([place, side]) => side
    ? [[key(place, 'id'), encodeURIComponent(side.id)], [key(place, 'version'), encodeURIComponent(side.version)], [key(place, 'url'), encodeURIComponent(side.url)]] as const : [])
  const all = Object.fromEntries([...others, ...ours])
  return Object.keys(all).length > 0 ? all : undefined
}
