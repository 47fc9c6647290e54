import { durationMs } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { HostPort } from '../../drivers/hosts/port.js'
import type { RouteListen, RouteSplit, Side, TrafficPort } from '../../drivers/traffic/port.js'
import type { GatewayConfig } from '../../plan/kinds/gateway.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import type { ResolveSecret } from '../job-input.js'
import type { SnapshotDeps } from '../sealed-snapshots.js'

export interface RolloutDeps extends SnapshotDeps {
  host: HostPort
  /** By the name plans call them. */
  gateways: Record<string, TrafficPort>
  resolveSecret: ResolveSecret
}

/** What a rollout changes. `deploy` null: a `gateway` job; what runs behind the route is not ours. */
export interface Target {
  gateway: TrafficPort
  gatewayName: string
  route: string
  listen: RouteListen | undefined
  service: string | null
  health: { path: string; expectedStatus: number; timeoutMs: number }
  drainMs: number
}

const DEFAULT_HEALTH_MS = 60_000
const DEFAULT_DRAIN_MS = 10_000

/** @throws CONFIG_INVALID when this installation has no such gateway */
export function targetOf({ gateways }: RolloutDeps, { kind, config }: JobCall): Target {
  const { gatewayName, ...rest } = kind === 'gateway' ? ofGateway(config as unknown as GatewayConfig) : ofRollout(config as unknown as RolloutConfig)
  const gateway = gateways[gatewayName]
  if (!gateway) throw failure('CONFIG_INVALID', `this installation has no gateway ${gatewayName}; it has: ${Object.keys(gateways).join(', ')}`)
  return { gateway, gatewayName, ...rest }
}

const ofGateway = ({ gateway, route, serviceId = '' }: GatewayConfig): Omit<Target, 'gateway'> => ({
  gatewayName: gateway, route: route ?? serviceId, listen: undefined, service: null,
  health: { path: '/', expectedStatus: 200, timeoutMs: DEFAULT_HEALTH_MS }, drainMs: DEFAULT_DRAIN_MS,
})

const ofRollout = ({ service, route, deploy: { health, drain } }: RolloutConfig): Omit<Target, 'gateway'> => ({
  gatewayName: route.gateway, route: route.name, listen: route.listen, service,
  health: { path: health.path, expectedStatus: health.expectedStatus, timeoutMs: health.timeout === undefined ? DEFAULT_HEALTH_MS : durationMs(health.timeout) },
  drainMs: drain === undefined ? DEFAULT_DRAIN_MS : durationMs(drain),
})

/** One process a release: so that a side's id finds it again. */
export const serviceKey = (service: string, releaseId: string): string => `${service}/${releaseId}`

/** Put a split in force, whatever it was. @throws TARGET_REFUSED with the gateway's reason */
export async function putSplit({ gateway, gatewayName, route }: Target, split: RouteSplit): Promise<RouteSplit> {
  const answer = await gateway.setSplit(route, split)
  if (answer.refused) throw failure('TARGET_REFUSED', `gateway ${gatewayName} refused route ${route}: ${answer.reason}`)
  return answer.split ?? split
}

/** @throws TARGET_REFUSED when somebody else has put another version behind the route meanwhile */
export function mustBeOurs({ gatewayName, route }: Target, now: RouteSplit | null, stable: Side | null, candidateId: string): void {
  const inForce = now?.stable ?? null
  if (inForce === null || inForce.id === stable?.id || inForce.id === candidateId) return
  throw failure('TARGET_REFUSED', `route ${route} of gateway ${gatewayName} has ${inForce.version} (release ${inForce.id}) as its stable version, not ${stable ? `${stable.version} (release ${stable.id})` : 'none'}: somebody else has changed it`)
}

