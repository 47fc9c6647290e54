import { createHash } from 'node:crypto'
import type { ContainerPort, EngineConnection, SshLogin } from '../drivers/containers/port.js'
import type { EngineAddress } from '../plan/addresses.js'
import type { ResolveSecret } from './job-input.js'
import type { PlaceOf } from './places.js'
import { secretText } from './secret-text.js'

export interface EngineDeps {
  /** worker.ts: a Docker engine. */
  connect: (connection: EngineConnection) => ContainerPort
  /** This installation's own: DOCKER_HOST. */
  own: string
  /** The engine a target is, or has; null: this process's own. Left out: it always is. @throws CONFIG_INVALID */
  ofTarget?: (of: PlaceOf) => Promise<EngineAddress | null>
  resolveSecret: ResolveSecret
}
type Secret = string | { from: string }

/** Finds the engine a job acts on: the one its config names, else its target's, else this installation's own. One connection each. */
export function createEngines({ connect, own, ofTarget, resolveSecret }: EngineDeps): (of: PlaceOf, address?: EngineAddress) => Promise<ContainerPort> {
  const known = new Map<string, ContainerPort>()
  return async (of, address) => {
    const found = address ?? (of.target === null ? null : await ofTarget?.(of) ?? null)
    const open = async (text: Secret | undefined): Promise<string | undefined> => text === undefined ? undefined : secretText(text, resolveSecret, of)
    const connection = found === null ? { host: own } : await connectionOf(found, open)
    const key = createHash('sha256').update(JSON.stringify(connection)).digest('hex')
    const engine = known.get(key) ?? connect(connection)
    known.set(key, engine)
    return engine
  }
}

async function connectionOf({ host, tls, ssh }: EngineAddress, open: (text: Secret | undefined) => Promise<string | undefined>): Promise<EngineConnection> {
  return {
    host,
    ...tls && { tls: { ca: await open(tls.ca) ?? '', cert: await open(tls.cert) ?? '', key: await open(tls.key) ?? '' } },
    ...ssh && { ssh: { ...ssh, key: await open(ssh.key), passphrase: await open(ssh.passphrase), password: await open(ssh.password) } satisfies SshLogin },
  }
}
