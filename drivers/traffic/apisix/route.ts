import { isObject, type Json, type JsonObject } from '../../../domain/json.js'
import type { Match, RouteSplit, Side } from '../port.js'
import { labelled, labelsWith } from './labels.js'

/** What a route of APISIX does. `upstream`: what its own upstream is, inline or by id. */
export interface Understood { split: RouteSplit; upstream: JsonObject; isOurs: boolean }

/** @param upstream the route's own, its `upstream_id` followed */
export function understood(name: string, route: JsonObject, upstream: JsonObject): Understood {
  const isOurs = labelled(route, 'stable') !== null || labelled(route, 'candidate') !== null
  const url = urlOf(upstream)
  const known = labelled(route, 'stable')
  const stable: Side | null = known?.url === url ? known : url === null ? null : { id: isOurs ? 'unknown' : 'configured', version: isOurs ? 'unknown' : 'configured', url }
  if (!isOurs) return { split: { stable, candidate: null, percent: 0, sticky: null }, upstream, isOurs }
  const rules = rulesOf(route)
  const candidate = candidateIn(name, rules, labelled(route, 'candidate'))
  const [match, mirrorPercent] = [matchIn(rules), mirrorIn(route, candidate)]
  return { upstream, isOurs, split: { stable, candidate, percent: percentIn(rules), sticky: null, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent } } }
}

/** Why a route with plugins of its own cannot be split; null: it can. */
export function ownPlugins(route: JsonObject, { isOurs, split }: Understood, { mirrorPercent = 0 }: RouteSplit): string | null {
  if (!isOurs && pluginsOf(route)['traffic-split'] !== undefined) return 'the route has a traffic-split of its own'
  const mirror = pluginsOf(route)['proxy-mirror']
  return mirrorPercent > 0 && mirror !== undefined && mirrorIn(route, split.candidate) === 0 ? 'the route has a proxy-mirror of its own' : null
}

/**
 * The route that does what `split` says; all of its other fields stay.
 * @param named the sides that are upstreams of APISIX's own
 */
export function routeWith(name: string, route: JsonObject, split: RouteSplit, now: Understood, named: Set<Side>): JsonObject {
  const { stable, candidate, mirrorPercent = 0 } = split
  const rest = without(route, 'labels', 'plugins')
  const mirror = pluginsOf(route)['proxy-mirror']
  const rules = candidate ? rulesFor(split, named.has(candidate) ? { upstream_id: upstreamName(name, candidate.version) } : { upstream: upstreamFor(candidate, now.upstream) }) : []
  const ownMirror = mirror !== undefined && mirrorIn(route, now.split.candidate) === 0 ? mirror : undefined
  const plugins: JsonObject = {
    ...without(pluginsOf(route), 'traffic-split', 'proxy-mirror'), ...rules.length > 0 && { 'traffic-split': { rules } },
    ...ownMirror !== undefined ? { 'proxy-mirror': ownMirror } : mirrorPercent > 0 && candidate ? { 'proxy-mirror': { host: new URL(candidate.url).origin, sample_ratio: mirrorPercent / 100 } } : {},
  }
  const labels = labelsWith(route, split)
  return {
    ...stable && stable.url !== now.split.stable?.url ? { ...without(rest, 'upstream', 'upstream_id'), ...named.has(stable) ? { upstream_id: upstreamName(name, stable.version) } : { upstream: upstreamFor(stable, now.upstream) } } : rest,
    ...labels && { labels }, ...(Object.keys(plugins).length > 0 || route['plugins'] !== undefined) && { plugins },
  }
}

/** An entry without an upstream is the route's own (traffic-split.md). */
function rulesFor({ stable, percent, match = [] }: RouteSplit, candidate: JsonObject): JsonObject[] {
  const parts = stable ? Math.round(percent * 100) : 10_000
  const divisor = greatestCommon(parts, 10_000)
  const shares = [...parts > 0 ? [{ ...candidate, weight: parts / divisor }] : [], ...parts < 10_000 ? [{ weight: (10_000 - parts) / divisor }] : []]
  return [
    ...match.length > 0 ? [{ match: match.map((rule) => ({ vars: [[variable(rule), '==', rule.value]] })), weighted_upstreams: [{ ...candidate, weight: 1 }] }] : [],
    ...parts > 0 ? [{ weighted_upstreams: shares }] : [],
  ]
}

const variable = ({ by, name }: Match): string => by === 'header' ? `http_${name.toLowerCase().replaceAll('-', '_')}` : `cookie_${name}`
function matchIn(rules: JsonObject[]): Match[] {
  return rules.flatMap((rule) => listOf(rule['match'])).flatMap(({ vars }) => {
    const [name, operator, value] = Array.isArray(vars) && Array.isArray(vars[0]) ? vars[0] : []
    if (typeof name !== 'string' || operator !== '==' || typeof value !== 'string') return []
    return [name.startsWith('cookie_') ? { by: 'cookie' as const, name: name.slice(7), value } : { by: 'header' as const, name: name.slice(5).replaceAll('_', '-'), value }]
  })
}

function percentIn(rules: JsonObject[]): number {
  const entries = listOf(rules.find((rule) => rule['match'] === undefined)?.['weighted_upstreams'])
  const weight = (own: boolean): number => entries.filter((entry) => (entry['upstream'] === undefined && entry['upstream_id'] === undefined) === own).reduce((sum, entry) => sum + (typeof entry['weight'] === 'number' ? entry['weight'] : 1), 0)
  const [candidate, stable] = [weight(false), weight(true)]
  return candidate === 0 ? 0 : Math.round(1e6 * candidate / (candidate + stable)) / 1e4
}

/** A candidate that gets no request yet is in the labels only. */
function candidateIn(name: string, rules: JsonObject[], known: Side | null): Side | null {
  const entry = rules.flatMap((rule) => listOf(rule['weighted_upstreams'])).find((one) => one['upstream'] !== undefined || one['upstream_id'] !== undefined)
  if (!entry || (known && entry['upstream_id'] === upstreamName(name, known.version))) return known
  const url = isObject(entry['upstream']) ? urlOf(entry['upstream']) : null
  return url !== null && url === known?.url ? known : { id: 'unknown', version: 'unknown', url: url ?? 'http://unknown' }
}

function mirrorIn(route: JsonObject, candidate: Side | null): number {
  const mirror = pluginsOf(route)['proxy-mirror']
  if (!isObject(mirror) || candidate === null || mirror['host'] !== new URL(candidate.url).origin) return 0
  return Math.round((typeof mirror['sample_ratio'] === 'number' ? mirror['sample_ratio'] : 1) * 1e5) / 1e3
}

/** What an upstream of APISIX's own is called that is one version of a route. */
export const upstreamName = (route: string, version: string): string => `${route}-${version}`
export const without = (object: JsonObject, ...keys: string[]): JsonObject => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))

/** Another server behind the same settings. What a plugin's upstream cannot have (traffic-split.md) stays out of both. */
function upstreamFor({ url }: Side, like: JsonObject): JsonObject {
  const { type, hash_on, key, pass_host, upstream_host, timeout, keepalive_pool, tls } = like
  const kept = Object.fromEntries(Object.entries({ type: type ?? 'roundrobin', hash_on, key, pass_host, upstream_host, timeout, keepalive_pool, tls }).filter(([, value]) => value !== undefined)) as JsonObject
  const { protocol, hostname, port } = new URL(url)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  return { ...kept, ...(scheme === 'https' || like['scheme'] !== undefined) && { scheme }, nodes: { [`${hostname}:${port || (scheme === 'https' ? 443 : 80)}`]: 1 } }
}

/** Of the first node. */
export function urlOf(upstream: JsonObject): string | null {
  const [first] = serversOf(upstream)
  return first === undefined ? null : `${upstream['scheme'] === 'https' ? 'https' : 'http'}://${first}`
}

/** `host:port` of each node: `{ "host:port": weight }` or `[{ host, port, weight }]`. */
export function serversOf({ nodes, scheme }: JsonObject): string[] {
  if (Array.isArray(nodes)) return nodes.flatMap((node) => isObject(node) ? [`${node['host'] as string}:${(node['port'] ?? (scheme === 'https' ? 443 : 80)) as number}`] : [])
  return isObject(nodes) ? Object.keys(nodes) : []
}

const pluginsOf = ({ plugins }: JsonObject): JsonObject => isObject(plugins) ? plugins : {}
function rulesOf(route: JsonObject): JsonObject[] {
  const split = pluginsOf(route)['traffic-split']
  return isObject(split) ? listOf(split['rules']) : []
}
const listOf = (value: Json | undefined): JsonObject[] => Array.isArray(value) ? value.filter((one): one is JsonObject => isObject(one)) : []
const greatestCommon = (a: number, b: number): number => b === 0 ? a : greatestCommon(b, a % b)
