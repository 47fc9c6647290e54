import { isObject } from '../../../domain/json.js'
import type { ClusterObject } from '../../clusters/port.js'

type Fields = Record<string, unknown>
/** What a rule does with requests, in one spelling for Istio's objects and Envoy's routes. `only`: header values it asks for, of ours. */
interface Rule { isOurs: boolean; only: string[]; shares: Record<string, number>; copies: Record<string, number> }
/** The names of rules that we add begin so. */
export const OURS = 'releasectl-match'
const DENOMINATOR: Record<string, number> = { HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }

/**
 * Does an Envoy do what a VirtualService says? Istio names the object in the metadata of each route it makes of it; it leaves out
 * rules that no request reaches, and repeats them for each host.
 * @param configs Envoy's route configurations
 * @returns null: yes; else what it does instead
 */
export function lacking({ metadata: { name, namespace = '' }, spec }: ClusterObject, configs: Fields[]): string | null {
  const source = `/namespaces/${namespace}/virtual-service/${name}`
  const has = configs.flatMap((config) => list(config['virtual_hosts'])).flatMap((host) => list(host['routes']))
    .filter((route) => textAt(route, 'metadata', 'filter_metadata', 'istio', 'config').endsWith(source)).map(inForce)
  const wanted = list((spec as Fields | undefined)?.['http']).flatMap((rule) => written(rule, namespace))
  if (has.length === 0) return `has no route of VirtualService ${name}`
  const [known, needed] = [new Set(wanted.map(textOf)), wanted.filter(({ isOurs }) => isOurs).map(textOf)]
  const found = has.map(textOf)
  const other = has[found.findIndex((text) => !known.has(text))]
  if (other) return `still has ${words(other)}`
  return needed.every((text) => found.includes(text)) ? null : 'has not got its matches yet'
}

/** One rule for each of its conditions. */
function written(rule: Fields, home: string): Rule[] {
  const destinations = list(rule['route'])
  const isOurs = textAt(rule, 'name').startsWith(OURS)
  const shares = percents(destinations.map((one) => [placeOf(one['destination'], home), Number(one['weight'] ?? (destinations.length === 1 ? 1 : 0))]))
  const copies = isObject(rule['mirror']) ? { [placeOf(rule['mirror'], home)]: Number(at(rule, 'mirrorPercentage', 'value') ?? 100) } : {}
  return (isOurs ? list(rule['match']) : [{}]).map((condition) => ({ isOurs, shares, copies, only: isOurs ? valuesOf(Object.values((condition['headers'] ?? {}) as Fields)) : [] }))
}

function inForce(route: Fields): Rule {
  const isOurs = textAt(route, 'name').startsWith(OURS)
  const clusters = list(at(route, 'route', 'weighted_clusters', 'clusters'))
  const shares = clusters.length > 0 ? clusters.map((one): [string, number] => [placeIn(textAt(one, 'name')), Number(one['weight'] ?? 0)]) : [[placeIn(textAt(route, 'route', 'cluster')), 1] as [string, number]]
  const copies = list(at(route, 'route', 'request_mirror_policies')).map((one): [string, number] => [placeIn(textAt(one, 'cluster')), fractionOf(at(one, 'runtime_fraction', 'default_value'))])
  return { isOurs, shares: percents(shares), copies: Object.fromEntries(copies), only: isOurs ? valuesOf(list(at(route, 'match', 'headers')).map((header) => header['string_match'])) : [] }
}

/** `exact` and `regex` of Istio, `exact` and `safe_regex.regex` of Envoy. */
const valuesOf = (conditions: unknown[]): string[] => conditions.map((one) => [['exact'], ['regex'], ['safe_regex', 'regex']].map((path) => textAt(one, ...path)).join('')).sort()
/** `<service>.<namespace>`; a host that is no Service's stays. */
function placeOf(destination: unknown, home: string): string {
  const host = textAt(destination, 'host')
  return `${host.includes('.') ? host.replace(/^([^.]+\.[^.]+)\.svc(\..*)?$/u, '$1') : `${host}.${home}`}${suffix(textAt(destination, 'subset'))}`
}
/** Istio's `outbound|<port>|<subset>|<host>`. */
function placeIn(cluster: string): string {
  const [, , subset = '', host = cluster] = cluster.split('|')
  return `${placeOf({ host }, '')}${suffix(subset)}`
}
const suffix = (subset: string): string => subset === '' ? '' : `/${subset}`

/** Those without a share are left out. */
function percents(weights: [string, number][]): Record<string, number> {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0) || 1
  return Object.fromEntries(weights.filter(([, weight]) => weight > 0).map(([place, weight]): [string, number] => [place, Math.round(weight / total * 10_000) / 100]).sort())
}
const fractionOf = (fraction: unknown): number => fraction === undefined ? 100 : Number(at(fraction, 'numerator') ?? 0) / (DENOMINATOR[textAt(fraction, 'denominator')] ?? 1)

const textOf = (rule: Rule): string => JSON.stringify([rule.isOurs, rule.only, rule.shares, rule.copies])
const words = ({ shares, copies }: Rule): string => [...Object.entries(shares).map(([place, percent]) => `${percent}% to ${place}`), ...Object.keys(copies).map((place) => `copies to ${place}`)].join(', ')
const at = (value: unknown, ...path: string[]): unknown => path.reduce((now, key) => isObject(now) ? now[key] : undefined, value)
const textAt = (value: unknown, ...path: string[]): string => { const found = at(value, ...path); return typeof found === 'string' ? found : '' }
const list = (value: unknown): Fields[] => Array.isArray(value) ? value.filter(isObject) : []
