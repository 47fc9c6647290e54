import { failure } from '../domain/failures.js'
import type { TargetRef } from '../domain/target.js'
import type { ClusterAccess } from '../drivers/clusters/port.js'
import type { ClusterAddress, EngineAddress, SshAddress, TargetConfig } from '../plan/addresses.js'

const LOGIN = ['host', 'port', 'user', 'key', 'passphrase', 'password', 'agent', 'hostKey', 'knownHosts'] as const

/** How a machine is logged in to. @throws CONFIG_INVALID when the target is none, or does not say */
export function sshOf({ name, type }: TargetRef, { ssh }: TargetConfig): SshAddress {
  if (type !== 'host') throw failure('CONFIG_INVALID', `target ${name} is no machine: it is ${type}`)
  if (!ssh) throw failure('CONFIG_INVALID', `target ${name} does not say how it is reached: its config has no ssh`)
  return ssh
}

/**
 * The container engine of a target: the one its config names; of a machine else the one on it, by its own SSH login.
 * @throws CONFIG_INVALID when it has none: a job never falls back on another's engine
 */
export function engineOf({ name, type }: TargetRef, { docker, ssh }: TargetConfig): EngineAddress {
  if (docker) return docker
  if (type === 'docker') throw failure('CONFIG_INVALID', `target ${name} does not say where its engine is: its config has no docker`)
  if (type !== 'host' || !ssh) throw failure('CONFIG_INVALID', `target ${name} has no container engine: it is ${type}, and its config has no docker`)
  if (ssh.bastion) throw failure('CONFIG_INVALID', `target ${name}: its engine is not reached through a bastion; name it in its config (docker)`)
  const login = Object.fromEntries(LOGIN.flatMap((part) => ssh[part] === undefined ? [] : [[part, ssh[part]]])) as unknown as Pick<SshAddress, typeof LOGIN[number]>
  return { host: `ssh://${ssh.host.includes(':') ? `[${ssh.host}]` : ssh.host}`, ssh: login }
}

/** The cluster of a target: the one its config names. @throws CONFIG_INVALID when it names none: a job never falls back on another's cluster */
export function clusterOf({ name, type }: TargetRef, { kubernetes }: TargetConfig): ClusterAddress {
  if (kubernetes) return kubernetes
  throw failure('CONFIG_INVALID', type === 'kubernetes' ? `target ${name} does not say which cluster it is: its config has no kubernetes` : `target ${name} has no cluster: it is ${type}, and its config has no kubernetes`)
}

/** Does a job's address name a cluster by itself? Else it only says more about its target's. */
export const namesCluster = ({ kubeconfig, kubeconfigFile, inCluster }: ClusterAccess): boolean => kubeconfig !== undefined || kubeconfigFile !== undefined || inCluster !== undefined
