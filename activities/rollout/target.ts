import { durationMs } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { ClusterAccess } from '../../drivers/clusters/port.js'
import type { RouteListen, RouteSplit, Side, TrafficPort } from '../../drivers/traffic/port.js'
import type { GatewayConfig } from '../../plan/kinds/gateway.js'
import type { KubernetesDeploy } from '../../plan/kinds/kubernetes-deploy.js'
import type { ContainerDeploy, RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import type { Places } from '../places.js'
import { jobInput, type ResolveSecret } from '../job-input.js'
import { Redactor } from '../redaction.js'
import type { LogKeeper } from '../release-log.js'
import type { SnapshotDeps } from '../sealed-snapshots.js'
import { containerRuntime } from './container-runtime.js'
import { kubernetesRuntime } from './kubernetes/runtime.js'
import { processRuntime } from './process-runtime.js'
import type { Runtime } from './runtime.js'

export interface RolloutDeps extends SnapshotDeps {
  places: Places
  /** By the name plans call them. */
  gateways: Record<string, TrafficPort>
  resolveSecret: ResolveSecret
  /** Left out: what versions write while they start is not kept. */
  logs?: LogKeeper
}

/** `say`: a line for the release's log. `secrets`: names of variables whose values are secret. */
export interface RuntimeOptions { say?: (line: string) => void; secrets?: string[] }

/** What a rollout changes. `runtime` null: a `gateway` job; what runs behind the route is not ours. */
export interface Target {
  gateway: TrafficPort
  gatewayName: string
  route: string
  listen: RouteListen | undefined
  runtime: Runtime | null
  health: { path: string; expectedStatus: number; timeoutMs: number }
  drainMs: number
}

const DEFAULT_HEALTH_MS = 60_000
const DEFAULT_DRAIN_MS = 10_000

/** @throws CONFIG_INVALID when this installation has no such gateway */
export async function targetOf(deps: RolloutDeps, call: JobCall, more: RuntimeOptions = {}): Promise<Target> {
  const { gateways } = deps
  const { gatewayName, ...rest } = call.kind === 'gateway' ? ofGateway(call.config as unknown as GatewayConfig)
    : { ...ofRollout(call.config as unknown as RolloutConfig), runtime: await runtimeOf(deps, call, more) }
  const gateway = gatewayName === 'replicas' ? rest.runtime?.replicas : gateways[gatewayName]
  if (!gateway) throw failure('CONFIG_INVALID', gatewayName === 'replicas' ? 'gateway: replicas needs a deploy that has replicas' : `this installation has no gateway ${gatewayName}; it has: ${Object.keys(gateways).join(', ')}`)
  mustBeThere(call, gatewayName, gateway)
  return { gateway, gatewayName, ...rest }
}

/** A plan may say where its gateway is; which one that is, the installation says. @throws CONFIG_INVALID when they differ */
function mustBeThere({ kind, config: { apiEndpoint } }: JobCall, name: string, { address }: TrafficPort): void {
  if (kind !== 'gateway' || typeof apiEndpoint !== 'string' || new URL(apiEndpoint).origin === address) return
  throw failure('CONFIG_INVALID', `gateway ${name} of this installation is ${address === undefined ? 'not reached by an apiEndpoint' : `at ${address}`}, not at ${new URL(apiEndpoint).origin}`)
}

const ofGateway = ({ gateway, route, serviceId = '' }: GatewayConfig): Omit<Target, 'gateway'> => ({
  gatewayName: gateway, route: route ?? serviceId, listen: undefined, runtime: null,
  health: { path: '/', expectedStatus: 200, timeoutMs: DEFAULT_HEALTH_MS }, drainMs: DEFAULT_DRAIN_MS,
})

const ofRollout = ({ route, deploy: { health, drain } }: RolloutConfig): Omit<Target, 'gateway' | 'runtime'> => ({
  gatewayName: route.gateway, route: route.name, listen: route.listen,
  health: { path: health.path, expectedStatus: health.expectedStatus, timeoutMs: health.timeout === undefined ? DEFAULT_HEALTH_MS : durationMs(health.timeout) },
  drainMs: drain === undefined ? DEFAULT_DRAIN_MS : durationMs(drain),
})

/** The one place that knows how each `deploy` type is run. */
async function runtimeOf({ places, resolveSecret }: RolloutDeps, call: JobCall, { say = () => undefined, secrets = [] }: RuntimeOptions): Promise<Runtime> {
  const { service, deploy, version = call.release.version } = call.config as unknown as RolloutConfig
  switch (deploy.type) {
    case 'process': return processRuntime(await places.host(call), { service, deploy, secrets }, call)
    case 'container': {
      const resolved = await resolvedDeploy<ContainerDeploy>(resolveSecret, call)
      return containerRuntime({ engine: await places.engine(call, resolved.docker), deploy: resolved, call, secrets, say })
    }
    case 'kubernetes': {
      const resolved = await resolvedDeploy<KubernetesDeploy>(resolveSecret, call)
      return kubernetesRuntime(await places.cluster(call, resolved.cluster as ClusterAccess | undefined), { service, deploy: resolved, version, secrets }, call)
    }
  }
}


/** What it takes to reach an engine or a cluster may be secret, and is needed for every step. */
async function resolvedDeploy<Deploy>(resolveSecret: ResolveSecret, call: JobCall): Promise<Deploy> {
  const { config } = await jobInput({ ...call, variables: {} }, resolveSecret, new Redactor())
  return (config as unknown as RolloutConfig).deploy as Deploy
}

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


/** How far what is in force may lie beside what was asked for: gateways round. */
const ROUNDING = 0.5

/** @throws TARGET_REFUSED when another hand has moved the route since this release last set it */
export function mustNotHaveDrifted({ gatewayName, route }: Target, now: RouteSplit | null, wanted: number, expected: number | undefined): void {
  if (expected === undefined || now === null) return
  const is = (percent: number): boolean => Math.abs(now.percent - percent) <= ROUNDING
  if (!is(expected) && !is(wanted)) throw failure('TARGET_REFUSED', `route ${route} of gateway ${gatewayName} is at ${now.percent}%, this release left it at ${expected}%: somebody else has changed it`)
}
