import type { Json } from '../../domain/json.js'

/** What a gateway must do for us. Contract: test/contract/traffic.ts. */
export interface TrafficPort {
  /** What this kind of gateway can do; what it cannot, it refuses with its reason. */
  readonly can: GatewayAbilities
  /** What is in force now; null when the gateway has no such route. @throws TARGET_UNREACHABLE when it does not answer */
  read(route: string): Promise<RouteSplit | null>
  /**
   * Put `split` in force and read it back: an answer that is not refused is proof that it took effect.
   * Sets a state: twice is once. @throws TARGET_UNREACHABLE when the gateway does not answer
   */
  setSplit(route: string, split: RouteSplit): Promise<Answer>
  /** Put back exactly what `read` gave, its `original` to the byte; null takes the route away. */
  restore(route: string, snapshot: RouteSplit | null): Promise<Answer>
  /** Counters since the gateway started, per side; null when it keeps none. A restart may set them back. */
  readonly metrics?: ((route: string) => Promise<RouteMetrics | null>) | undefined
  /** Where a version is by the gateway's own configuration: its url; null when that does not say. @throws TARGET_UNREACHABLE, TARGET_REFUSED */
  locate?(route: string, version: string): Promise<string | null>
  /** Where its admin API is: scheme, host and port. */
  readonly address?: string
  /** May a side take traffic, by the gateway's own word? Null: yes; else why not. For sides that only the gateway reaches; left out, or undefined: they are asked over HTTP. */
  answers?(side: Side): Promise<string | null | undefined>
  /** Requests still under way on a side that gets no new ones. */
  drain?(route: string, sideId: string): Promise<{ open: number }>
}

export type Answer = { refused: false; split: RouteSplit | null } | { refused: true; reason: string }

/** One version behind a route. `id` is the release that brought it. */
export interface Side { id: string; version: string; url: string }

export interface RouteSplit {
  stable: Side | null
  candidate: Side | null
  /** The candidate's percent of requests, 0–100. */
  percent: number
  /** Sessions keep their side; as the percent grows they only ever move towards the candidate. */
  sticky: Sticky | null
  /** Where the gateway listens for the route. Left out: as it was (a new route needs it). */
  listen?: RouteListen
  /** Requests that the candidate gets whatever the percent: any of them. */
  match?: Match[]
  /** Percent of the stable side's requests of which the candidate gets a copy; its answers to them are thrown away. */
  mirrorPercent?: number
  /** What the gateway itself has for the route, opaque: `read` gives it, `restore` puts exactly this back, `setSplit` ignores it. */
  original?: Json
}
export interface Match { by: 'header' | 'cookie'; name: string; value: string }
export interface GatewayAbilities {
  /** Ways to keep a session on its side. */
  sticky: readonly Sticky['by'][]
  match: readonly Match['by'][]
  mirror: boolean
  /** Makes and removes routes by itself; else they are in its own configuration and the driver only sets their split. */
  makesRoutes: boolean
  /** Steps of the percent it can put in force: 0.01, or 1. What was asked for is rounded to the nearest. */
  percentStep: number
}
export interface Sticky { by: 'cookie' | 'header' | 'address'; name?: string }
export interface RouteListen { port: number; host?: string; path?: string }

/** Cumulative. `latency` counts requests by upper bound in ms (cumulative, as Prometheus' `le`). */
export interface SideCounters { requests: number; errors: number; latency: { le: number; count: number }[] }
export interface RouteMetrics { stable: SideCounters; candidate: SideCounters; at: string }
