import type { GatewayAbilities, RouteListen, RouteSplit, Side, Sticky, TrafficPort } from '../../drivers/traffic/port.js'
import type { RunningVersion } from './traffic-versions.js'

/** What a driver's test hands in. */
export interface TrafficWorld {
  port: TrafficPort
  /** The same kind of driver, in front of a gateway that is gone, and in front of one that takes the connection and says nothing. */
  unreachable: TrafficPort[]
  /** Two versions; behind a real gateway they answer their `version`. */
  stable: Side
  candidate: Side
  /** Where a route can be made to listen, another port at every call. For gateways that make routes. */
  freePort?(): Promise<number>
  /** For gateways whose routes stand in their own configuration. */
  own?: OwnConfiguration
  /** The servers of the two, where requests are carried. */
  running?: { stable: RunningVersion; candidate: RunningVersion }
  stop(): Promise<void>
}

export interface OwnConfiguration {
  /** A route as its operator has written it: all requests go to the server of `stable`. */
  route: { name: string; listen: RouteListen }
  /** What the gateway itself has for the route, by its file or its admin API, not by the driver. */
  configuration(): Promise<string>
  /** Another hand gives the candidate another percent, by the gateway's own means. */
  meddle(percent: number): Promise<void>
  /** The same kind of driver, in front of a gateway that says yes and does nothing. */
  liar: TrafficPort
}

/** What a driver says it can, and what its world shows. */
export interface Promised {
  can: GatewayAbilities
  /** false for the double: what only real requests can show is left out. */
  carriesTraffic?: boolean
  /** Its share is exact, not by chance. */
  exactShare?: boolean
  /** Sticky sessions by cookie are handed out by the gateway, so those of before stay where they are. Else every session is hashed. */
  handsOutCookies?: boolean
  /** It hangs up on requests that come in just while it changes over: a client that asks again loses none. */
  hangsUp?: boolean
  /** Ways to keep a session that this world's gateway is set up for. */
  sticky?: Sticky[]
}

export interface Contract extends Required<Omit<Promised, 'sticky'>> {
  sticky: Sticky[]
  world: () => TrafficWorld
  /** A route that nobody has touched: a new name, or the one of the gateway's own configuration put back. */
  untouched: () => Promise<{ name: string; listen: RouteListen }>
  split: (percent: number, more?: Partial<RouteSplit>) => RouteSplit
}
