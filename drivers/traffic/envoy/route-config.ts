import { createHash } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '../../../domain/json.js'
import type { Match, RouteSplit } from '../port.js'
import type { PlaceRecord } from '../two-places.js'

/** Weights are hundredths of a percent. */
const ALL = 10_000
const OURS = 'releasectl'
const COOKIE = '=%REQ(X-REQUEST-ID)%; Path=/; HttpOnly'
/** Of a route action: what says where requests go. Both spellings that protobuf's JSON takes. */
const WHERE = ['cluster', 'weighted_clusters', 'weightedClusters', 'hash_policy', 'hashPolicy', 'request_mirror_policies', 'requestMirrorPolicies']

/** What we keep in a route's metadata. */
export interface EnvoyRecord extends PlaceRecord { match: Match[]; mirrorPercent: number }

/** The shares in force of a route's two clusters, and the record; null when nothing in the configuration goes to them. */
export function inForce(config: JsonObject, clusters: readonly [string, string]): { shares: [number, number]; record: EnvoyRecord | null } | null {
  const [ours] = routesOf(config).filter((route) => goesTo(route, clusters) && !isBefore(route))
  if (!ours) return null
  const weights = weightsOf(ours)
  return { shares: [weights.get(clusters[0]) ?? 0, weights.get(clusters[1]) ?? 0], record: recordIn(ours) }
}

/**
 * The same configuration with a split in force: every route that goes to one of the two clusters is set, with routes before it
 * for requests that match or have their session's cookie. All else stays as it is written. The version names the content: the same split is the same file.
 * @param document a DiscoveryResponse, as the file holds it
 */
export function withSplit(document: JsonObject, clusters: readonly [string, string], split: RouteSplit, record: EnvoyRecord): string {
  const copy = structuredClone(document)
  for (const host of hostsOf(copy)) {
    host['routes'] = list(host['routes']).filter((route) => !isBefore(route)).flatMap((route) => goesTo(route, clusters) ? set(route, clusters, split, record) : [route])
  }
  delete copy['version_info']
  delete copy['versionInfo']
  const version = `${OURS} ${createHash('sha256').update(JSON.stringify(copy)).digest('hex').slice(0, 16)}`
  return `${JSON.stringify({ version_info: version, ...copy }, null, 1)}\n`
}

export const versionOf = (document: JsonObject): string => textOf(document['version_info'] ?? document['versionInfo'])

/** An endpoint file for a cluster. */
export const endpointsText = (cluster: string, address: string, port: number): string => `${JSON.stringify({
  resources: [{
    '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment', cluster_name: cluster,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: port } } } }] }],
  }],
}, null, 1)}\n`

function set(given: JsonObject, clusters: readonly [string, string], split: RouteSplit, record: EnvoyRecord): JsonObject[] {
  const route = withoutCookie(given)
  const place = (side: RouteSplit['stable']): string | null => side === null ? null : clusters[record.sides[0]?.id === side.id ? 0 : 1]
  const [stable, candidate] = [place(split.stable), place(split.candidate)]
  const own = Object.fromEntries(Object.entries(route['route'] as JsonObject).filter(([key]) => !WHERE.includes(key)))
  const shares = { ...own, ...weighted(stable, candidate, split), ...mirrored(candidate, split) }
  const { sticky, match = [] } = split
  const narrowed = (header: JsonObject, action: JsonObject): JsonObject => {
    const written = route['match'] as JsonObject
    return { ...route, match: { ...written, headers: [...list(written['headers']), header] }, metadata: withOurs(route, { before: true }), route: action }
  }
  const main = { ...route, metadata: withOurs(route, record as unknown as JsonObject), route: { ...shares, ...sticky && { hash_policy: [hashBy(sticky)] } } }
  const matching = candidate === null ? [] : match.map((one) => narrowed(matcher(one), { ...own, cluster: candidate }))
  if (sticky?.by !== 'cookie') return [...matching, main]
  return [...matching, narrowed(cookieMatcher(sticky.name ?? '', '.+'), { ...shares, hash_policy: [{ cookie: { name: sticky.name ?? '' } }] }), {
    ...main, response_headers_to_add: [...list(route['response_headers_to_add']), { header: { key: 'set-cookie', value: `${sticky.name ?? ''}${COOKIE}` } }],
  }]
}

/** Headers that we have not added. */
function withoutCookie({ response_headers_to_add: snake, responseHeadersToAdd: camel, ...route }: JsonObject): JsonObject {
  const headers = list(snake ?? camel).filter(({ header }) => !(isObject(header) && typeof header['value'] === 'string' && header['value'].endsWith(COOKIE)))
  return { ...route, ...headers.length > 0 && { response_headers_to_add: headers } }
}

/** The candidate first: sessions by hash then only move towards it as its weight grows. */
function weighted(stable: string | null, candidate: string | null, { percent, sticky }: RouteSplit): JsonObject {
  const weight = stable === null ? ALL : candidate === null ? 0 : Math.round(percent * 100)
  const clusters = [{ name: candidate, weight }, { name: stable, weight: ALL - weight }].filter(({ name }) => name !== null)
  return { weighted_clusters: { clusters, ...sticky && { use_hash_policy: true } } }
}

function mirrored(candidate: string | null, { mirrorPercent = 0 }: RouteSplit): JsonObject {
  if (mirrorPercent === 0 || candidate === null) return {}
  const share = { default_value: { numerator: Math.round(mirrorPercent * 100), denominator: 'TEN_THOUSAND' } }
  return { request_mirror_policies: [{ cluster: candidate, disable_shadow_host_suffix_append: true, runtime_fraction: share }] }
}

/** A client without the cookie is given its request's id as one: that hashes as the cookie then will. Envoy's own cookies come too late for clusters. */
function hashBy({ by, name = '' }: NonNullable<RouteSplit['sticky']>): JsonObject {
  switch (by) {
    case 'header': return { header: { header_name: name } }
    case 'cookie': return { header: { header_name: 'x-request-id' } }
    case 'address': return { connection_properties: { source_ip: true } }
  }
}

function withOurs({ metadata }: JsonObject, ours: JsonObject): JsonObject {
  const { filter_metadata: snake, filterMetadata: camel, ...others } = isObject(metadata) ? metadata : {}
  return { ...others, filter_metadata: { ...camel as JsonObject | undefined, ...snake as JsonObject | undefined, [OURS]: ours } }
}

const cookieMatcher = (name: string, value: string): JsonObject => ({ name: 'cookie', string_match: { safe_regex: { regex: `(?:.*;\\s*)?${escaped(name)}=${value}(?:\\s*;.*)?` } } })
const matcher = ({ by, name, value }: Match): JsonObject => by === 'header' ? { name, string_match: { exact: value } } : cookieMatcher(name, escaped(value))

function weightsOf(route: JsonObject): Map<string, number> {
  const { cluster, weighted_clusters: weighted, weightedClusters = weighted } = route['route'] as JsonObject
  if (typeof cluster === 'string') return new Map([[cluster, ALL]])
  return new Map(list((weightedClusters as JsonObject | undefined)?.['clusters']).map(({ name, weight }) => [textOf(name), Number(weight ?? 0)]))
}

const goesTo = (route: JsonObject, clusters: readonly string[]): boolean => isObject(route['route']) && [...weightsOf(route).keys()].some((name) => clusters.includes(name))
const isBefore = (route: JsonObject): boolean => ourMetadata(route)?.['before'] === true

function recordIn(route: JsonObject): EnvoyRecord | null {
  const record = ourMetadata(route)
  return record && Array.isArray(record['sides']) ? { match: [], mirrorPercent: 0, ...record } as unknown as EnvoyRecord : null
}

function ourMetadata(route: JsonObject): JsonObject | null {
  const metadata = route['metadata']
  const filters = isObject(metadata) ? metadata['filter_metadata'] ?? metadata['filterMetadata'] : null
  return isObject(filters) && isObject(filters[OURS]) ? filters[OURS] : null
}

const hostsOf = (document: JsonObject): JsonObject[] => list(document['resources']).flatMap(virtualHosts)
const virtualHosts = (config: JsonObject): JsonObject[] => list(config['virtual_hosts'] ?? config['virtualHosts'])
const routesOf = (config: JsonObject): JsonObject[] => virtualHosts(config).flatMap((host) => list(host['routes']))
const list = (value: Json | undefined): JsonObject[] => Array.isArray(value) ? value as JsonObject[] : []
const escaped = (text: string): string => text.replace(/[^\w]/g, '\\$&')
const textOf = (value: Json | undefined): string => typeof value === 'string' ? value : ''
