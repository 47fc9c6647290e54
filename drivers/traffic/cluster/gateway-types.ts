import { Type } from 'typebox'
import type { ClusterAccess, ClusterPort } from '../../clusters/port.js'
import { gatewayType, type GatewayType } from '../gateway-type.js'
import { ClusterTraffic } from './cluster-traffic.js'
import { HTTP_ROUTE } from './http-route.js'
import type { RouteKind } from './route-kind.js'
import { VIRTUAL_SERVICE } from './virtual-service.js'

const Settings = Type.Object({
  kubeconfig: Type.Optional(Type.String({ minLength: 1, description: 'the text of one' })),
  kubeconfigFile: Type.Optional(Type.String({ minLength: 1 })),
  context: Type.Optional(Type.String({ minLength: 1 })),
  namespace: Type.Optional(Type.String({ minLength: 1, description: 'of routes that are named without one' })),
  takenWithinMs: Type.Integer({ minimum: 0, default: 10_000, description: 'how long the controller may take to say that it has a change' }),
  settleMs: Type.Integer({ minimum: 0, default: 1000, description: 'how long its proxies take from there; no API tells it' }),
}, { additionalProperties: false })

/** Gateways that are objects of a cluster. @param open how a cluster is reached; it connects to nothing yet */
export function clusterGateways(open: (access: ClusterAccess) => ClusterPort): Record<string, GatewayType> {
  const of = (kind: RouteKind): GatewayType => gatewayType(Settings, ({ takenWithinMs, settleMs, ...access }, name) => new ClusterTraffic(name, kind, open(access as ClusterAccess), { takenWithinMs, settleMs }))
  return { 'gateway-api': of(HTTP_ROUTE), istio: of(VIRTUAL_SERVICE) }
}
