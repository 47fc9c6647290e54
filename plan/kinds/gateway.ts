import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Name, strict } from '../schema-parts.js'
import { Strategy } from './strategy.js'

export const GatewayConfig = Type.Object({
  gateway: Type.String({ ...Name, default: 'edge', description: 'edge, or a gateway of the installation\'s settings' }),
  route: Type.Optional(Name),
  serviceId: Type.Optional(Name),
  candidate: Type.Optional(Type.Object({ url: Type.String({ format: 'uri' }), version: Type.Optional(Type.String()) }, { ...strict, description: 'left out: the gateway says where the release\'s version is (apisix: the upstream <route>-<version>)' })),
  strategy: Type.Optional(Strategy),
  apiEndpoint: Type.Optional(Type.String({ format: 'uri', description: 'must be where the installation\'s settings have this gateway' })),
  adminKey: Type.Optional(Type.String({ description: 'not used: the installation\'s settings have the key' })),
  restore: Type.Optional(Type.Boolean({ description: 'put the route back as it was before this release touched it' })),
}, strict)
export type GatewayConfig = Static<typeof GatewayConfig>

/** Shift a route's traffic to a version that already runs, or put the route back. */
export const gateway = defineKind({
  name: 'gateway',
  aliases: ['apisix-gateway'],
  aliasDefaults: { 'apisix-gateway': { gateway: 'apisix' } },
  description: 'Shifts a route to a version that already runs, by a strategy; or restores the route',
  schema: GatewayConfig,
  runsIn: 'workflow',
  undo: true,
  needsUndo: ({ restore }) => restore !== true,
  defaultTimeout: '30d',
  check: (config) => [
    ...(config.route ?? config.serviceId ? [] : [{ path: 'route', message: 'name the route (or serviceId)' }]),
    ...(config.restore === true || (config.strategy && (config.candidate ?? config.gateway !== 'edge')) ? [] : [{ path: '', message: 'needs candidate and strategy, or restore: true' }]),
  ],
})
