import type { ClusterAccess } from '../drivers/clusters/port.js'
import type { ClusterAddress } from '../plan/addresses.js'
import type { JobCall } from './contract.js'
import type { ResolveSecret } from './job-input.js'
import type { Redactor } from './redaction.js'

/** A secret of an address: its value, or what lies where it says. The redactor knows it from then on. @throws SECRET_MISSING */
export async function secretText(secret: string | { from: string }, resolveSecret: ResolveSecret, { release }: Pick<JobCall, 'release'>, redactor: Redactor): Promise<string> {
  const value = typeof secret === 'string' ? secret : await resolveSecret(secret.from, { tenant: release.tenant, releaseId: release.releaseId })
  redactor.add(value)
  return value
}

/** A cluster's address with its kubeconfig filled in. */
export async function clusterAccess({ kubeconfig, ...rest }: ClusterAddress, resolve: (secret: string | { from: string }) => Promise<string>): Promise<ClusterAccess> {
  return { ...rest, ...kubeconfig !== undefined && { kubeconfig: await resolve(kubeconfig) } }
}
