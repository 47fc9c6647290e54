import { failure } from '../domain/failures.js'
import type { JsonObject } from '../domain/json.js'
import type { ClusterAccess, ClusterPort } from '../drivers/clusters/port.js'
import type { TargetConfig } from '../plan/addresses.js'
import { createEngines, type EngineDeps } from './engines.js'
import { createHosts, type HostDeps } from './hosts.js'
import type { ResolveSecret } from './job-input.js'
import type { PlaceOf, Places } from './places.js'
import { clusterAccess, secretText } from './secret-text.js'
import { clusterOf, engineOf, namesCluster } from './target-address.js'

export interface TargetPlacesDeps {
  /** This installation's own machine and engine, for jobs without a target. */
  own: { host: HostDeps['own']; engine: EngineDeps['own'] }
  connectHost: HostDeps['connect']
  connectEngine: EngineDeps['connect']
  openCluster: (access: ClusterAccess) => ClusterPort
  /** How a target is reached: a TargetConfig. Null: it is gone. */
  findConfig: (tenant: string, targetId: string) => Promise<{ config: JsonObject } | null>
  resolveSecret: ResolveSecret
}

/**
 * Where a worker's jobs act: what their config names, else what their target's record says, else what this installation has.
 * A target's record is read by each activity, so that one that was changed meanwhile counts. Secrets come and go with it.
 */
export function createTargetPlaces({ own, connectHost, connectEngine, openCluster, findConfig, resolveSecret }: TargetPlacesDeps): Places {
  /** Null: no target, or one whose calls run on its agent, where the agent's own things are the target's. */
  const configOf = async ({ release, target }: PlaceOf): Promise<TargetConfig | null> => {
    if (target === null || target.via === 'agent') return null
    const found = await findConfig(release.tenant, target.id)
    if (!found) throw failure('CONFIG_INVALID', `target ${target.name} is not there any more`)
    return found.config
  }
  const access: Places['access'] = async (of, address = {}) => {
    if (namesCluster(address)) return address
    const config = await configOf(of)
    if (of.target === null || config === null) return address
    const told = await clusterAccess(clusterOf(of.target, config), (secret) => secretText(secret, resolveSecret, of))
    return { ...told, ...address }
  }
  return {
    host: createHosts({ own: own.host, connect: connectHost, findConfig, resolveSecret }),
    engine: createEngines({
      connect: connectEngine, own: own.engine, resolveSecret,
      ofTarget: async (of) => {
        const config = await configOf(of)
        return of.target && config && engineOf(of.target, config)
      },
    }),
    access,
    cluster: async (of, address) => openCluster(await access(of, address)),
  }
}
