import { durationMs } from '../domain/duration.js'
import { failure } from '../domain/failures.js'
import type { JsonObject } from '../domain/json.js'
import type { HostPort, SshLogin, SshSettings } from '../drivers/hosts/port.js'
import type { SshAddress } from '../plan/addresses.js'
import type { ResolveSecret } from './job-input.js'
import type { PlaceOf } from './places.js'
import { secretText } from './secret-text.js'
import { sshOf } from './target-address.js'

export interface HostDeps {
  /** This process's own machine: of jobs without a target, and of an agent. */
  own: HostPort
  connect: (settings: SshSettings) => HostPort
  /** How a target is reached: a TargetConfig of plan/addresses.ts. Null: it is gone. */
  findConfig: (tenant: string, targetId: string) => Promise<{ config: JsonObject } | null>
  resolveSecret: ResolveSecret
}
type Login = Omit<SshAddress, 'bastion' | 'sudo' | 'connectTimeout' | 'home'>

const CONNECT_MS = 10_000

/** Finds the machine of a job: its target's by SSH, else our own. Asked inside the activity: secrets come and go with it. */
export function createHosts({ own, connect, findConfig, resolveSecret }: HostDeps): (of: PlaceOf) => Promise<HostPort> {
  return async ({ release, target, learn }) => {
    if (target === null || target.via === 'agent') return own // a call for an agent's target runs on that agent
    const found = await findConfig(release.tenant, target.id)
    if (!found) throw failure('CONFIG_INVALID', `target ${target.name} is not there any more`)
    const ssh = sshOf(target, found.config)
    const secret = async (text: SshAddress['key']): Promise<string | undefined> => text === undefined ? undefined : secretText(text, resolveSecret, { release, learn })
    const login = async ({ key, passphrase, password, ...rest }: Login): Promise<SshLogin> => ({
      ...rest, key: await secret(key), passphrase: await secret(passphrase), password: await secret(password),
    })
    const { bastion, sudo, connectTimeout, home, ...door } = ssh
    return connect({
      ...await login(door), name: target.name, sudo, home, bastion: bastion && await login(bastion),
      connectTimeoutMs: connectTimeout === undefined ? CONNECT_MS : durationMs(connectTimeout),
    })
  }
}
