import { failure } from '../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../domain/json.js'
import type { NewTarget } from '../store/targets.js'

/** Keys of a TargetConfig that hold secrets; plan/addresses.ts calls them SecretText. */
const SECRETS = ['key', 'passphrase', 'password', 'ca', 'cert', 'kubeconfig']

/** A config as it may be stored: each secret written out is sealed with the installation's key, and becomes a reference. */
export function withSealedSecrets(config: JsonObject, key: { seal(text: string): string }): JsonObject {
  const sealed = (name: string, value: Json): Json => {
    if (SECRETS.includes(name) && typeof value === 'string') return { from: `sealed:${key.seal(value)}` }
    return isObject(value) ? withSealedSecrets(value, key) : value
  }
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, sealed(name, value)]))
}

/** Can a job find its way to it? A host that is reached directly and says nothing else is reached by SSH. @throws REQUEST_INVALID */
export function reachable(target: Pick<NewTarget, 'type' | 'via' | 'host' | 'config'>): JsonObject {
  const { type, via, host, config } = target
  if (type !== 'host' || via === 'agent' || config['ssh'] !== undefined) return config
  if (host === null) throw failure('REQUEST_INVALID', 'a host that is reached directly needs host, or config.ssh with more about it')
  return { ...config, ssh: { host, port: 22, user: 'root', agent: false, sudo: false } }
}
