/** What a gateway must do for us. Contract: test/contract/traffic.ts. */
export interface TrafficPort {
  /** What is in force now; null when the gateway has no such route. @throws TARGET_UNREACHABLE when it does not answer */
  read(route: string): Promise<RouteSplit | null>
  /**
   * Put `split` in force and read it back: an answer that is not refused is proof that it took effect.
   * Sets a state: twice is once. @throws TARGET_UNREACHABLE when the gateway does not answer
   */
  setSplit(route: string, split: RouteSplit): Promise<Answer>
  /** Put back exactly what `read` gave; null takes the route away. */
  restore(route: string, snapshot: RouteSplit | null): Promise<Answer>
  /** Counters since the gateway started, per side; null when it keeps none. A restart may set them back. */
  metrics?(route: string): Promise<RouteMetrics | null>
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
}
export interface Sticky { by: 'cookie' | 'header' | 'address'; name?: string }
export interface RouteListen { port: number; host?: string; path?: string }

/** Cumulative. `latency` counts requests by upper bound in ms (cumulative, as Prometheus' `le`). */
export interface SideCounters { requests: number; errors: number; latency: { le: number; count: number }[] }
export interface RouteMetrics { stable: SideCounters; candidate: SideCounters; at: string }
