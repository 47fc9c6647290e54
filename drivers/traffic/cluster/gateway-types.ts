import { Type } from 'typebox'
import type { ClusterAccess, ClusterPort } from '../../clusters/port.js'
import { gatewayType, type GatewayType } from '../gateway-type.js'
import { ClusterTraffic } from './cluster-traffic.js'
import { HTTP_ROUTE } from './http-route.js'
import { IstioProxies } from './proxies.js'
import { VIRTUAL_SERVICE } from './virtual-service.js'

const CLUSTER = {
  kubeconfig: Type.Optional(Type.String({ minLength: 1, description: 'the text of one' })),
  kubeconfigFile: Type.Optional(Type.String({ minLength: 1 })),
  context: Type.Optional(Type.String({ minLength: 1 })),
  namespace: Type.Optional(Type.String({ minLength: 1, description: 'of routes that are named without one' })),
  takenWithinMs: Type.Integer({ minimum: 0, default: 10_000, description: 'how long the controller, and proxies that can be asked, may take to have a change' }),
  settleMs: Type.Integer({ minimum: 0, default: 1000, description: 'how long proxies that cannot be asked take from there' }),
}
const PROXIES = {
  proxies: Type.Optional(Type.Array(Type.String({ pattern: '^https?://' }), { minItems: 1, description: 'admin APIs of the gateway\'s Envoys, all of them: what is in force, counters and drain' })),
  timeoutMs: Type.Integer({ minimum: 1, default: 5_000, description: 'how long one of them may take to answer' }),
}
const strict = { additionalProperties: false }

/** Gateways that are objects of a cluster. @param open how a cluster is reached; it connects to nothing yet */
export function clusterGateways(open: (access: ClusterAccess) => ClusterPort): Record<string, GatewayType> {
  return {
    'gateway-api': gatewayType(Type.Object(CLUSTER, strict), ({ takenWithinMs, settleMs, ...access }, name) => new ClusterTraffic(name, HTTP_ROUTE, open(access as ClusterAccess), { takenWithinMs, settleMs })),
    istio: gatewayType(Type.Object({ ...CLUSTER, ...PROXIES }, strict), ({ takenWithinMs, settleMs, proxies, timeoutMs, ...access }, name) =>
      new ClusterTraffic(name, VIRTUAL_SERVICE, open(access as ClusterAccess), { takenWithinMs, settleMs }, proxies ? new IstioProxies(name, proxies, timeoutMs) : null)),
  }
}
