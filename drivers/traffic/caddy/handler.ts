import { isDeepStrictEqual } from 'node:util'
import { isObject, type Json, type JsonObject } from '../../../domain/json.js'
import type { Match, RouteSplit, Side } from '../port.js'

/** A side's upstreams, and how they share its requests. An operator's reverse_proxy may have several. */
interface Pool { upstreams: JsonObject[]; weights: number[] }
/** What Caddy keeps for us in a `vars` handler; it does nothing with a value that is no text. */
interface Told { stable: Side | null; candidate: Side | null; match: Match[]; weights: { stable: number[]; candidate: number[] } }

/** What a handler in Caddy's configuration does for a route. */
export interface Understood { split: RouteSplit; stable: Pool; candidate: Pool; proxy: JsonObject }

const NOBODY: Pool = { upstreams: [], weights: [] }

/** Null: the handler is neither ours nor a reverse_proxy with upstreams. */
export function understood(handler: JsonObject): Understood | null {
  if (handler['handler'] === 'reverse_proxy') return configured(handler)
  const routes = listOf(handler['routes'])
  const told = (handlersOf(routes[0])[0]?.['releasectl'] ?? null) as Told | null
  const proxy = handlersOf(routes.at(-1))[0]
  if (!told || proxy?.['handler'] !== 'reverse_proxy') return null
  const [all, weights] = [upstreamsOf(proxy), weightsOf(proxy)]
  const count = told.weights.stable.length
  const [stable, candidate] = [{ upstreams: all.slice(0, count), weights: told.weights.stable }, { upstreams: all.slice(count), weights: told.weights.candidate }]
  const [toStable, toCandidate] = [total(weights.slice(0, count)), total(weights.slice(count))]
  return {
    stable, candidate, proxy,
    split: {
      stable: moved(told.stable, stable, proxy), candidate: moved(told.candidate, candidate, proxy), sticky: null,
      percent: toCandidate === 0 ? 0 : 100 * toCandidate / (toStable + toCandidate),
      ...told.match.length > 0 && isDeepStrictEqual(routes.slice(1, -1), matchRoutes(told.match, proxy, candidate)) && { match: told.match },
    },
  }
}

/** A reverse_proxy as its operator has written it. */
function configured(proxy: JsonObject): Understood | null {
  const weights = weightsOf(proxy)
  const upstreams = upstreamsOf(proxy).filter((_, n) => weights[n] !== 0)
  const [first] = upstreams
  if (!first) return null
  return {
    stable: { upstreams, weights: weights.filter((weight) => weight !== 0) }, candidate: NOBODY, proxy,
    split: { stable: { id: 'configured', version: 'configured', url: urlOf(first, proxy) }, candidate: null, percent: 0, sticky: null },
  }
}

/** The handler that does what `split` says: everything of the operator's reverse_proxy is kept but who gets the requests. */
export function handlerFor(id: string, split: RouteSplit, now: Understood): JsonObject {
  const { stable, candidate, match = [] } = split
  const pools = { stable: poolOf(stable, now), candidate: poolOf(candidate, now) }
  const told: Told = { stable, candidate, match: candidate ? match : [], weights: { stable: pools.stable.weights, candidate: pools.candidate.weights } }
  const percent = !candidate ? 0 : stable ? Math.round(split.percent) : 100
  const proxy = proxyOf(now.proxy, split)
  return {
    '@id': id, handler: 'subroute',
    routes: [
      { handle: [{ handler: 'vars', releasectl: told as unknown as Json }] },
      ...candidate ? matchRoutes(told.match, proxy, pools.candidate) : [],
      { handle: [balanced(proxy, [...pools.stable.upstreams, ...pools.candidate.upstreams], sharesOf(pools, percent))] },
    ],
  }
}

/** Each pool keeps the shares within it. */
function sharesOf({ stable, candidate }: { stable: Pool; candidate: Pool }, percent: number): number[] {
  const [all, others] = [total(stable.weights) || 1, total(candidate.weights) || 1]
  const shares = [...stable.weights.map((weight) => weight * (100 - percent) * others), ...candidate.weights.map((weight) => weight * percent * all)]
  const divisor = shares.reduce(greatestCommon, 0) || 1
  return shares.map((share) => share / divisor)
}

/** Caddy picks in turn by weight; smaller numbers make shorter turns. */
function balanced(proxy: JsonObject, upstreams: JsonObject[], weights: number[]): JsonObject {
  const { load_balancing: balancing, ...rest } = proxy
  return { ...rest, load_balancing: { ...isObject(balancing) ? balancing : {}, selection_policy: { policy: 'weighted_round_robin', weights } }, upstreams }
}

/** One route a rule: a header or cookie with exactly that value goes to the candidate. */
const matchRoutes = (match: Match[], proxy: JsonObject, { upstreams, weights }: Pool): JsonObject[] => match.map(({ by, name, value }) => ({
  match: [{ header_regexp: by === 'header' ? { [canonical(name)]: { pattern: `^${literal(value)}$` } } : { Cookie: { pattern: `(?:^|;\\s*)${literal(name)}=${literal(value)}(?:;|$)` } } }],
  handle: [balanced(proxy, upstreams, weights)],
}))

/** A side that stays keeps its upstreams as they are. */
function poolOf(side: Side | null, now: Understood): Pool {
  if (side === null) return NOBODY
  for (const place of ['stable', 'candidate'] as const) {
    const known = now.split[place]
    if (known?.id === side.id && known.url === side.url) return now[place]
  }
  const { hostname, port, protocol } = new URL(side.url)
  return { upstreams: [{ dial: `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}` }], weights: [1] }
}

/** The `@id` is on the whole. TLS to the versions is the reverse_proxy's transport, the same for all of them. */
function proxyOf({ '@id': _, ...proxy }: JsonObject, { stable, candidate }: RouteSplit): JsonObject {
  const isSecure = (candidate ?? stable)?.url.startsWith('https:') === true
  return isSecure && !isTls(proxy) ? { ...proxy, transport: { protocol: 'http', tls: {} } } : proxy
}

const moved = (side: Side | null, { upstreams: [first] }: Pool, proxy: JsonObject): Side | null => {
  if (first === undefined) return null
  const url = urlOf(first, proxy)
  return side && new URL(side.url).host === new URL(url).host ? side : { id: 'unknown', version: 'unknown', url }
}

const urlOf = (upstream: JsonObject, proxy: JsonObject): string => `${isTls(proxy) ? 'https' : 'http'}://${upstream['dial'] as string}`
export const isTls = ({ transport }: JsonObject): boolean => isObject(transport) && isObject(transport['tls'])
const upstreamsOf = (proxy: JsonObject): JsonObject[] => listOf(proxy['upstreams'])
function weightsOf(proxy: JsonObject): number[] {
  const balancing = proxy['load_balancing']
  const policy = isObject(balancing) ? balancing['selection_policy'] : undefined
  const weights = isObject(policy) && policy['policy'] === 'weighted_round_robin' && Array.isArray(policy['weights']) ? policy['weights'] as number[] : []
  return upstreamsOf(proxy).map((_, n) => weights[n] ?? 1)
}
const handlersOf = (route: JsonObject | undefined): JsonObject[] => listOf(route?.['handle'])
const listOf = (value: Json | undefined): JsonObject[] => Array.isArray(value) ? value.filter((one): one is JsonObject => isObject(one)) : []
const total = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0)
const greatestCommon = (a: number, b: number): number => b === 0 ? a : greatestCommon(b, a % b)
/** Go's spelling of a header's name. */
const canonical = (name: string): string => name.toLowerCase().replace(/(?:^|-)[a-z]/gu, (start) => start.toUpperCase())
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&')
