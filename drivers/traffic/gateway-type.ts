import type { Static, TObject } from 'typebox'
import type { TrafficPort } from './port.js'

/** A kind of gateway that an installation can name in RELEASECTL_GATEWAYS. */
export interface GatewayType {
  /** Its connection, without `type`. A secret is a text here: references have been followed by then. */
  schema: TObject
  /** @param name what plans call it, for messages. Connects to nothing yet */
  create(settings: unknown, name: string): TrafficPort
}

/** Ties a schema to the driver that takes it. */
export const gatewayType = <Schema extends TObject>(schema: Schema, create: (settings: Static<Schema>, name: string) => TrafficPort): GatewayType =>
  ({ schema, create: (settings, name) => create(settings as Static<Schema>, name) })
