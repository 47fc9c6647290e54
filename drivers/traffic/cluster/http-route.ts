import { isObject } from '../../../domain/json.js'
import type { Match } from '../port.js'
import type { Weighted } from './record.js'
import { WHOLE, type RouteKind, type Wanted } from './route-kind.js'
import type { Backend } from './service-url.js'

type Fields = Record<string, unknown>
/** A rule that only sends matching requests to the candidate bears this name; the others are the operator's. */
const OURS = 'releasectl-match'

/** HTTPRoute of the Gateway API, https://gateway-api.sigs.k8s.io/reference/spec/#httproute: weights of a rule's backendRefs. */
export const HTTP_ROUTE: RouteKind = {
  type: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  can: { sticky: [], match: ['header'], mirror: false, makesRoutes: false, percentStep: 0.01 },

  read(spec, namespace) {
    const rules = rulesOf(spec)
    const [first] = rules.filter((rule) => !isOurs(rule))
    const shares = first ? refsOf(first).map((ref): Weighted => ({ backend: backendOf(ref, namespace), weight: Number(ref['weight'] ?? 1) })) : []
    return { shares, match: rules.filter(isOurs).flatMap(matchesOf).filter(unique), mirrorPercent: 0 }
  },

  write(spec, namespace, wanted) {
    const own = rulesOf(spec).filter((rule) => !isOurs(rule))
    if (own.length === 0) throw new Error('it has no rules')
    const split = own.map((rule) => ({ ...rule, backendRefs: sharesOf(wanted).map(({ backend, weight }) => refOf(rule, backend, namespace, weight)) }))
    const { candidate } = wanted
    const matching = candidate === null || wanted.match.length === 0 ? [] : own.map((rule) => ({
      ...rule, name: `${OURS}-${own.indexOf(rule) + 1}`, backendRefs: [refOf(rule, candidate, namespace, 1)],
      matches: conditionsOf(rule).flatMap((condition) => wanted.match.map((match) => ({ ...condition, headers: [...listOf(condition['headers']), headerOf(match)] }))),
    }))
    return { ...spec, rules: [...matching, ...split] }
  },

  /** Every gateway the route is attached to must accept it and find its backends. */
  taken({ metadata: { generation = 0 }, ...object }) {
    const { parents } = (object['status'] ?? {}) as { parents?: { conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[] }[] }
    if (!parents || parents.length === 0) return null
    const conditions = parents.flatMap((parent) => ['Accepted', 'ResolvedRefs'].map((type) => parent.conditions?.find((condition) => condition.type === type)))
    if (conditions.some((condition) => condition === undefined || (condition.observedGeneration ?? 0) < generation)) return null
    const bad = conditions.find((condition) => condition?.status === 'False')
    return { refused: bad ? `${bad.type} is False: ${bad.reason ?? ''} ${bad.message ?? ''}`.trimEnd() : null }
  },
}

const rulesOf = (spec: Fields): Fields[] => listOf(spec['rules'])
const refsOf = (rule: Fields): Fields[] => listOf(rule['backendRefs'])
const isOurs = ({ name }: Fields): boolean => typeof name === 'string' && name.startsWith(OURS)
const listOf = (value: unknown): Fields[] => Array.isArray(value) ? value.filter(isObject) : []
/** A rule without conditions is for every path. */
const conditionsOf = (rule: Fields): Fields[] => { const all = listOf(rule['matches']); return all.length > 0 ? all : [{ path: { type: 'PathPrefix', value: '/' } }] }

const backendOf = (ref: Fields, namespace: string): Backend => ({ service: String(ref['name']), namespace: typeof ref['namespace'] === 'string' ? ref['namespace'] : namespace, port: Number(ref['port'] ?? 80) })

/** Keeps what the operator gave the backend it had (filters). */
function refOf(rule: Fields, { service, namespace, port }: Backend, home: string, weight: number): Fields {
  const before = refsOf(rule).find((ref) => ref['name'] === service && (ref['namespace'] ?? home) === namespace)
  return { ...before, name: service, port, ...namespace !== home && { namespace }, weight }
}

function sharesOf({ stable, candidate, percent }: Wanted): Weighted[] {
  const ours = Math.round(percent * WHOLE / 100)
  return [...stable ? [{ backend: stable, weight: candidate ? WHOLE - ours : WHOLE }] : [], ...candidate ? [{ backend: candidate, weight: stable ? ours : WHOLE }] : []]
}

const headerOf = ({ name, value }: Match): Fields => ({ type: 'Exact', name, value })
const matchesOf = (rule: Fields): Match[] => conditionsOf(rule).flatMap((condition) => {
  const header = listOf(condition['headers']).at(-1)
  return header ? [{ by: 'header' as const, name: String(header['name']), value: String(header['value']) }] : []
})
const unique = (match: Match, n: number, all: Match[]): boolean => all.findIndex(({ name, value }) => name === match.name && value === match.value) === n
