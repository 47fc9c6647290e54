import { isObject } from '../../../domain/json.js'
import type { Match } from '../port.js'
import { OURS } from './istio-routes.js'
import type { Weighted } from './record.js'
import type { RouteKind, Wanted } from './route-kind.js'
import type { Backend } from './service-url.js'

type Fields = Record<string, unknown>
/** Istio's weights are whole percents that add up to this. */
const WHOLE = 100

/** VirtualService of Istio, https://istio.io/latest/docs/reference/config/networking/virtual-service/: weights of an HTTP route's destinations. */
export const VIRTUAL_SERVICE: RouteKind = {
  type: { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' },
  can: { sticky: [], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 1 },

  read(spec, namespace) {
    const routes = routesOf(spec)
    const [first] = routes.filter((route) => !isOurs(route))
    const shares = first ? listOf(first['route']).map((one, _n, all): Weighted => ({ backend: backendOf(one, namespace), weight: Number(one['weight'] ?? (all.length === 1 ? WHOLE : 0)) })) : []
    const mirror = (first?.['mirrorPercentage'] as { value?: number } | undefined)?.value
    return { shares, match: routes.filter(isOurs).flatMap(matchesOf), mirrorPercent: first?.['mirror'] === undefined ? 0 : mirror ?? 100 }
  },

  write(spec, namespace, wanted) {
    const own = routesOf(spec).filter((route) => !isOurs(route))
    if (own.length === 0) throw new Error('it has no http routes')
    const { candidate, match, mirrorPercent } = wanted
    const split = own.map(({ mirror: _mirror, mirrorPercentage: _percentage, ...route }) => ({
      ...route, route: sharesOf(wanted).map(({ backend, weight }) => ({ ...destinationOf(backend, namespace), weight })),
      ...candidate && mirrorPercent > 0 && { mirror: destinationOf(candidate, namespace).destination, mirrorPercentage: { value: mirrorPercent } },
    }))
    const matching = candidate === null || match.length === 0 ? [] : own.map((route, n) => ({
      ...route, name: `${OURS}-${n + 1}`, route: [destinationOf(candidate, namespace)],
      match: conditionsOf(route).flatMap((condition) => match.map((one) => ({ ...condition, headers: { ...isObject(condition['headers']) ? condition['headers'] : {}, ...headerOf(one) } }))),
    }))
    return { ...spec, http: [...matching, ...split] }
  },

  /** Istio tells what is wrong with it only where `PILOT_ENABLE_ANALYSIS` is on, after a while: an error there is a refusal, silence is consent. */
  taken({ metadata: { generation = 0 }, ...object }) {
    const { observedGeneration, validationMessages = [] } = (object['status'] ?? {}) as { observedGeneration?: number | string; validationMessages?: { level?: string; type?: { code?: string }; documentationUrl?: string }[] }
    const errors = Number(observedGeneration ?? 0) >= generation ? validationMessages.filter(({ level }) => level === 'ERROR') : []
    return { refused: errors.length > 0 ? errors.map(({ type, documentationUrl }) => `${type?.code ?? 'error'} ${documentationUrl ?? ''}`.trimEnd()).join(', ') : null }
  },
}

const routesOf = (spec: Fields): Fields[] => listOf(spec['http'])
const isOurs = ({ name }: Fields): boolean => typeof name === 'string' && name.startsWith(OURS)
const listOf = (value: unknown): Fields[] => Array.isArray(value) ? value.filter(isObject) : []
const conditionsOf = (route: Fields): Fields[] => { const all = listOf(route['match']); return all.length > 0 ? all : [{}] }

function backendOf(one: Fields, home: string): Backend {
  const { host = '', port } = (one['destination'] ?? {}) as { host?: string; port?: { number?: number } }
  const [service = '', namespace = home] = host.split('.')
  return { service, namespace, port: port?.number ?? 80 }
}
const destinationOf = ({ service, namespace, port }: Backend, home: string): { destination: Fields } =>
  ({ destination: { host: namespace === home ? service : `${service}.${namespace}.svc.cluster.local`, port: { number: port } } })

function sharesOf({ stable, candidate, percent }: Wanted): Weighted[] {
  const ours = Math.round(percent)
  return [...stable ? [{ backend: stable, weight: candidate ? WHOLE - ours : WHOLE }] : [], ...candidate ? [{ backend: candidate, weight: stable ? ours : WHOLE }] : []]
}

/** A cookie is found in the header that holds them all. */
const headerOf = ({ by, name, value }: Match): Fields => by === 'header' ? { [name.toLowerCase()]: { exact: value } } : { cookie: { regex: `^(.*;\\s*)?${escaped(name)}=${escaped(value)}(;.*)?$` } }
const matchesOf = (route: Fields): Match[] => conditionsOf(route).flatMap(({ headers }) => isObject(headers) ? Object.entries(headers).slice(-1).flatMap(([name, how]): Match[] => {
  const { exact, regex = '' } = how as { exact?: string; regex?: string }
  if (exact !== undefined) return [{ by: 'header', name, value: exact }]
  const [, cookie, value] = /^\^\(\.\*;\\s\*\)\?(.+?)=(.*)\(;\.\*\)\?\$$/.exec(regex) ?? []
  return cookie === undefined || value === undefined ? [] : [{ by: 'cookie', name: unescaped(cookie), value: unescaped(value) }]
}) : [])
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const unescaped = (text: string): string => text.replace(/\\([.*+?^${}()|[\]\\])/g, '$1')
