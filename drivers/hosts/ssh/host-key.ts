import { fingerprint, knownKeys, typeOf } from './known-hosts.js'

export interface HostKeyRule { host: string; port: number; hostKey?: string | undefined; knownHosts: string }

/** Why a host's key is not trusted, with both fingerprints; null: it is the one that is known. Nothing is trusted because it came first. */
export function hostKeyProblem(key: Buffer, { host, port, hostKey, knownHosts }: HostKeyRule): string | null {
  const shown = `${typeOf(key)} ${fingerprint(key)}`
  if (hostKey !== undefined) {
    return fingerprint(key) === hostKey.trim().replace(/=+$/, '') ? null : `its host key has changed: it shows ${shown}, expected is ${hostKey.trim()}`
  }
  const known = knownKeys(knownHosts, host, port)
  const same = known.filter((one) => one.key.equals(key))
  if (same.some(({ revoked }) => revoked)) return `its host key ${shown} is revoked`
  if (same.length > 0) return null
  const others = known.filter(({ revoked }) => !revoked).map((one) => `${one.type} ${fingerprint(one.key)}`)
  if (others.length === 0) return `its host key ${shown} is unknown: if it is the right one, give it as hostKey or in knownHosts`
  return `its host key has changed: it shows ${shown}, known is ${others.join(', ')}`
}

const ALGORITHMS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] as const
export type HostKeyAlgorithm = (typeof ALGORITHMS)[number]

/** Ask first for a key of a type that is known: a host has several, and another type would look like a change. */
export function hostKeyAlgorithms({ host, port, hostKey, knownHosts }: HostKeyRule): HostKeyAlgorithm[] {
  const types = hostKey === undefined ? knownKeys(knownHosts, host, port).map(({ type }) => type) : []
  const isKnown = (algorithm: string): boolean => types.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)
  return [...ALGORITHMS.filter(isKnown), ...ALGORITHMS.filter((algorithm) => !isKnown(algorithm))]
}
