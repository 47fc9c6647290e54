import { isObject, type Json } from '../../domain/json.js'
import type { TargetRow, TargetStore } from '../../store/targets.js'
import { probeTcp } from '../probe.js'

const ANSWERS_WITHIN_MS = 5000

/** `said`: where it was knocked at, and what came. */
export interface Probed { isThere: boolean; said: string }

/** Knocks at a target that is reached directly, and writes down what it found. @returns null when there is nothing to knock at: it lies behind a bastion, or its port is not known */
export const createTargetProbe = (targets: Pick<TargetStore, 'probed'>) => async (target: TargetRow): Promise<Probed | null> => {
  const door = doorOf(target)
  if (door === null) return null
  const wrong = await probeTcp(door.host, door.port, ANSWERS_WITHIN_MS)
  await targets.probed(target.id, wrong === null, new Date())
  return { isThere: wrong === null, said: `${door.host}:${door.port}: ${wrong ?? 'it answers'}` }
}

/** By its config (plan/addresses.ts TargetConfig): SSH, else a Docker engine on TCP or over SSH. */
function doorOf({ type, config }: Pick<TargetRow, 'type' | 'config'>): { host: string; port: number } | null {
  const { ssh, docker } = config
  if (type === 'host' && isObject(ssh) && typeof ssh['host'] === 'string') return ssh['bastion'] === undefined ? { host: ssh['host'], port: numberOf(ssh['port'], 22) } : null
  const address = isObject(docker) && typeof docker['host'] === 'string' ? URL.parse(docker['host']) : null
  if (type !== 'docker' || !isObject(docker) || !address) return null
  if (address.protocol === 'tcp:') return { host: plain(address.hostname), port: numberOf(address.port, docker['tls'] === undefined ? 2375 : 2376) }
  const login = isObject(docker['ssh']) ? docker['ssh'] : {}
  return address.protocol === 'ssh:' ? { host: plain(typeof login['host'] === 'string' ? login['host'] : address.hostname), port: numberOf(login['port'] ?? address.port, 22) } : null
}

const plain = (host: string): string => host.replace(/^\[|\]$/g, '')
const numberOf = (value: Json | undefined, fallback: number): number => Number(value) > 0 ? Number(value) : fallback
