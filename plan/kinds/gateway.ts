import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Name, strict } from '../schema-parts.js'
import { Strategy } from './strategy.js'

export const GatewayConfig = Type.Object({
  gateway: Type.String({ ...Name, default: 'edge', description: 'edge, or a gateway of the installation\'s settings' }),
  route: Type.Optional(Name),
  serviceId: Type.Optional(Name),
  candidate: Type.Optional(Type.Object({ url: Type.String({ format: 'uri' }), version: Type.Optional(Type.String()) }, strict)),
  strategy: Type.Optional(Strategy),
  restore: Type.Optional(Type.Boolean({ description: 'put the route back as it was before this release touched it' })),
}, strict)
export type GatewayConfig = Static<typeof GatewayConfig>

/** Shift a route's traffic to a version that already runs, or put the route back. */
export const gateway = defineKind({
  name: 'gateway',
  description: 'Shifts a route to a version that already runs, by a strategy; or restores the route',
  schema: GatewayConfig,
  runsIn: 'workflow',
  undo: true,
  needsUndo: ({ restore }) => restore !== true,
  defaultTimeout: '30d',
  check: (config) => [
    ...(config.route ?? config.serviceId ? [] : [{ path: 'route', message: 'name the route (or serviceId)' }]),
    ...(config.restore === true || (config.candidate && config.strategy) ? [] : [{ path: '', message: 'needs candidate and strategy, or restore: true' }]),
  ],
})
