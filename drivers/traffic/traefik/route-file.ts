import { parseDocument } from 'yaml'
import type { Json, JsonObject } from '../../../domain/json.js'
import type { Match, RouteSplit, Side } from '../port.js'
import { matchIn, matchName, mirrorName, sideIn, sideName } from './names.js'

/** Weights are hundredths of a percent. */
const ALL = 10_000

/**
 * A route's file with a split in force: its service is the two sides by weight, its routers are joined by one for each match.
 * All else, comments too, stays as it is written.
 * @param names the services that sides already have, by the side's id; the stable side's first
 * @returns a reason in words when the file has no such service
 */
export function withSplit(text: string, route: string, split: RouteSplit, names: ReadonlyMap<string, string>): { text: string } | { reason: string } {
  const document = parseDocument(text)
  const { http } = (document.toJS() ?? {}) as { http?: { routers?: Record<string, JsonObject>; services?: Record<string, JsonObject> } }
  const { routers = {}, services = {} } = http ?? {}
  if (!services[route] || document.errors.length > 0) return { reason: `has no service ${route}` }
  const nameOf = ({ id, version }: Side): string => names.get(id) ?? sideName(route, { id, version })
  const [stable, candidate] = [split.stable && nameOf(split.stable), split.candidate && nameOf(split.candidate)]
  const [stableNow] = names.values() // a new side's is made after it: health checks and the like
  const pattern = services[stableNow ?? '']?.['loadBalancer'] as JsonObject | undefined
  const wanted: Record<string, Json> = {}
  for (const side of [split.stable, split.candidate]) {
    if (side && (nameOf(side) === route || !services[nameOf(side)])) wanted[sideName(route, side)] = { loadBalancer: { ...pattern, servers: [{ url: side.url }] } }
  }
  const weight = candidate === null ? 0 : Math.round(split.percent * 100)
  const isMirrored = stable !== null && candidate !== null && (split.mirrorPercent ?? 0) > 0
  if (isMirrored) wanted[mirrorName(route)] = { mirroring: { service: stable, mirrors: [{ name: candidate, percent: split.mirrorPercent ?? 0 }] } }
  wanted[route] = { weighted: {
    services: [{ name: isMirrored ? mirrorName(route) : stable, weight: ALL - weight }, { name: candidate, weight }].filter(({ name }) => name !== null),
    ...split.sticky && { sticky: { cookie: { name: split.sticky.name ?? '', httpOnly: true, path: '/' } } },
  } }
  for (const name of Object.keys(services)) {
    const isOurs = name === mirrorName(route) || sideIn(route, name) !== null
    if (isOurs && !wanted[name] && name !== stable && name !== candidate) document.deleteIn(['http', 'services', name])
  }
  for (const [name, service] of Object.entries(wanted)) document.setIn(['http', 'services', name], document.createNode(service))
  for (const name of Object.keys(routers)) if (matchIn(name)) document.deleteIn(['http', 'routers', name])
  for (const [name, router] of Object.entries(routers)) {
    if (matchIn(name) || router['service'] !== route || candidate === null) continue
    for (const match of split.match ?? []) document.setIn(['http', 'routers', matchName(name, match)], document.createNode(matching(router, match, candidate)))
  }
  return { text: document.toString({ lineWidth: 0 }) }
}

/** It must win against the router beside it, and against no other that would win against that. */
function matching(router: JsonObject, { by, name, value }: Match, service: string): JsonObject {
  const rule = typeof router['rule'] === 'string' ? router['rule'] : ''
  const condition = by === 'header' ? `Header(${JSON.stringify(name)}, ${JSON.stringify(value)})`
    : `HeaderRegexp("Cookie", ${JSON.stringify(`^(?:.*;\\s*)?${escaped(name)}=${escaped(value)}(?:\\s*;.*)?$`)})`
  return { ...router, rule: `(${rule}) && ${condition}`, priority: (typeof router['priority'] === 'number' && router['priority'] !== 0 ? router['priority'] : rule.length) + 1, service }
}

const escaped = (text: string): string => text.replace(/[^\w]/g, '\\$&')
