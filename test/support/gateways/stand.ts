import type { RouteListen } from '../../../drivers/traffic/port.js'
import type { RunningVersion } from '../../contract/traffic-versions.js'

/** A gateway in front of two versions, whose route `app` its operator has written: all requests go to the first. */
export interface GatewayStand {
  /** Its entry in RELEASECTL_GATEWAYS. */
  settings: { type: string } & Record<string, unknown>
  listen: RouteListen
  /** What the gateway itself has for the route, by its file or its admin API, not by our driver. */
  configuration: () => Promise<string>
  running: { stable: RunningVersion; candidate: RunningVersion }
  /** Where the versions are, as this gateway calls them. */
  urls: { stable: string; candidate: string }
  stop: () => Promise<void>
}

/** The name of the route in all of them. */
export const ROUTE = 'app'
