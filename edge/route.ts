import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { isObject } from '../domain/json.js'
import { EdgeProblem } from './problem.js'

const strict = { additionalProperties: false } as const
/** A token of RFC 9110. */
const NAME = '^[A-Za-z0-9!#$%&\'*+.^_`|~-]+$'
const Url = Type.String({ pattern: '^https?://[^\\s/?#@]+(?:/[^\\s?#]*)?$', description: 'an http:// or https:// URL without user and query' })
const Text = Type.String({ minLength: 1, maxLength: 200, description: 'a text of 1 to 200 characters' })
const Side = Type.Object({ id: Text, version: Text, url: Url }, { ...strict, description: 'null, or {id, version, url}' })
const Sticky = Type.Object({
  by: Type.Union([Type.Literal('cookie'), Type.Literal('header'), Type.Literal('address')], { description: 'one of cookie, header, address' }),
  name: Type.Optional(Type.String({ pattern: NAME, maxLength: 200, description: 'the name of a cookie or header' })),
}, { ...strict, description: 'null, or {by, name?}' })
const Listen = Type.Object({
  port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'a port from 1 to 65535' }),
  host: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]+$', description: 'a host name without port' })),
  path: Type.Optional(Type.String({ pattern: '^/[^\\s?#]*$', description: 'a path that begins with /' })),
}, { ...strict, description: '{port, host?, path?}' })

const Match = Type.Object({
  by: Type.Union([Type.Literal('header'), Type.Literal('cookie')], { description: 'one of header, cookie' }),
  name: Type.String({ pattern: NAME, maxLength: 200, description: 'the name of a cookie or header' }),
  value: Type.String({ minLength: 1, maxLength: 1000, description: 'a text of 1 to 1000 characters' }),
}, { ...strict, description: '{by, name, value}' })

/** PUT /routes/:name. `listen` left out: as it was, or the gateway's own port. */
const RouteBody = Type.Object({
  stable: Type.Union([Side, Type.Null()], { description: 'null, or {id, version, url}' }),
  candidate: Type.Union([Side, Type.Null()], { description: 'null, or {id, version, url}' }),
  percent: Type.Number({ minimum: 0, maximum: 100, description: 'a number from 0 to 100 in steps of 0.01' }),
  sticky: Type.Union([Sticky, Type.Null()], { description: 'null, or {by, name?}' }),
  listen: Type.Optional(Listen),
  match: Type.Optional(Type.Array(Match, { maxItems: 20, description: 'a list of at most 20 {by, name, value}' })),
  mirrorPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'a number from 0 to 100 in steps of 0.01' })),
}, strict)
export type RouteBody = Static<typeof RouteBody>
export type Side = Static<typeof Side>
export type Sticky = Static<typeof Sticky>
export type Listen = Static<typeof Listen>
export type Match = Static<typeof Match>

/**
 * A route in force. `revision` grows with every change to any route. `match`: requests that the candidate gets whatever the percent.
 * `mirrorPercent`: of the stable side's requests, of which the candidate gets a copy; left out: 0.
 */
export interface Route { name: string; revision: number; stable: Side | null; candidate: Side | null; percent: number; sticky: Sticky | null; listen: Listen; match?: Match[]; mirrorPercent?: number }

/** @throws REQUEST_INVALID naming the field, what it is and what it may be */
export function readRouteBody(body: unknown): RouteBody {
  const error = [...Value.Errors(RouteBody, body)].sort((a, b) => depth(b.instancePath) - depth(a.instancePath))[0]
  if (error) {
    const missing = (error.params as { requiredProperties?: string[] }).requiredProperties
    const field = [...error.instancePath.split('/').slice(1), ...missing ?? []].join('.') || 'body'
    const unknown = error.message === 'schema is false'
    throw invalid(field, unknown ? 'is not known here' : missing ? 'is missing' : `must be ${allowed(error.schemaPath) ?? error.message}`)
  }
  const route = body as RouteBody
  for (const role of ['stable', 'candidate'] as const) {
    const url = route[role]?.url
    if (url !== undefined && !URL.canParse(url)) throw invalid(`${role}.url`, `must be a URL that can be asked, not ${url}`)
  }
  for (const field of ['percent', 'mirrorPercent'] as const) {
    const { [field]: percent = 0 } = route
    if (Math.abs(Math.round(percent * 100) - percent * 100) > 1e-6) throw invalid(field, `must be in steps of 0.01, not ${percent}`)
  }
  if (route.sticky && route.sticky.by !== 'address' && route.sticky.name === undefined) throw invalid('sticky.name', `is missing: the ${route.sticky.by} that tells sessions apart`)
  if (route.stable && route.candidate && route.stable.id === route.candidate.id) throw invalid('candidate.id', `must differ from stable.id ${route.stable.id}`)
  return route
}

/** The same route again? The revision does not count. */
export const sameRoute = (a: Omit<Route, 'revision'>, b: Omit<Route, 'revision'>): boolean => canonical(a) === canonical(b)

const depth = (path: string): number => path.split('/').length
const invalid = (field: string, what: string): EdgeProblem => new EdgeProblem('REQUEST_INVALID', `${field} ${what}`)

/** The nearest description on the way to the part of the schema that said no. */
function allowed(schemaPath: string): string | undefined {
  let at: unknown = RouteBody
  let found: string | undefined
  for (const part of schemaPath.split('/').slice(1)) {
    at = (at as Record<string, unknown> | undefined)?.[part]
    found = (at as TSchema & { description?: string } | undefined)?.description ?? found
  }
  return found
}

const canonical = (value: unknown): string => JSON.stringify(value, (key, item: unknown) =>
  key === 'revision' ? undefined : isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1)) : item)
