import type { ClusterAccess } from '../drivers/clusters/port.js'
import type { ClusterAddress } from '../plan/addresses.js'
import type { ResolveSecret } from './job-input.js'
import type { PlaceOf } from './places.js'

/** A secret of an address: its value, or what lies where it says. `learn` is told of it. @throws SECRET_MISSING */
export async function secretText(secret: string | { from: string }, resolveSecret: ResolveSecret, { release, learn }: Pick<PlaceOf, 'release' | 'learn'>): Promise<string> {
  const value = typeof secret === 'string' ? secret : await resolveSecret(secret.from, { tenant: release.tenant, releaseId: release.releaseId })
  learn?.(value)
  return value
}

/** A cluster's address with its kubeconfig filled in. */
export async function clusterAccess({ kubeconfig, ...rest }: ClusterAddress, resolve: (secret: string | { from: string }) => Promise<string>): Promise<ClusterAccess> {
  return { ...rest, ...kubeconfig !== undefined && { kubeconfig: await resolve(kubeconfig) } }
}
