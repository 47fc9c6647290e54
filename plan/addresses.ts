import { Type, type Static } from 'typebox'
import { Duration, strict } from './schema-parts.js'

/** A secret where it is used: its value (in a plan: a reference to a secret variable), or where it lies (`{ from: "file:/keys/web" }`). */
export const SecretText = Type.Union([Type.String({ minLength: 1 }), Type.Object({ from: Type.String({ minLength: 1, description: 'a secret reference, such as file:/keys/web or env:NAME' }) }, strict)])

const SshLogin = {
  host: Type.String({ minLength: 1, description: 'name or address' }),
  port: Type.Integer({ minimum: 1, maximum: 65_535, default: 22 }),
  user: Type.String({ minLength: 1, default: 'root' }),
  key: Type.Optional(SecretText),
  passphrase: Type.Optional(SecretText),
  password: Type.Optional(SecretText),
  agent: Type.Boolean({ default: false, description: 'log in by the SSH agent of the worker (SSH_AUTH_SOCK)' }),
  hostKey: Type.Optional(Type.String({ description: 'fingerprint the host must show: SHA256:…' })),
  knownHosts: Type.Optional(Type.String({ description: 'lines of a known_hosts file; default: the worker\'s own file. A host that is in neither is refused' })),
}
export const SshAddress = Type.Object({
  ...SshLogin,
  bastion: Type.Optional(Type.Object(SshLogin, strict)),
  sudo: Type.Union([Type.Boolean(), Type.String({ minLength: 1 })], { default: false, description: 'true: as root; a name: as that user' }),
  connectTimeout: Type.Optional(Duration),
  home: Type.Optional(Type.String({ pattern: '^/', description: 'folder on the host for what runs there; default: /var/lib/releasectl for root, ~/.releasectl for others' })),
}, strict)
export type SshAddress = Static<typeof SshAddress>

/** A container engine. Left out: the target's, else the worker's own (`DOCKER_HOST`). */
export const EngineAddress = Type.Object({
  host: Type.String({ minLength: 1, description: 'unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host' }),
  tls: Type.Optional(Type.Object({ ca: SecretText, cert: SecretText, key: SecretText }, strict)),
  ssh: Type.Optional(Type.Object({ // no defaults: what is left out is as `host` says
    ...SshLogin, host: Type.Optional(Type.String()), port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })), user: Type.Optional(Type.String({ minLength: 1 })),
  }, { ...strict, description: 'how to log in, for ssh:// hosts' })),
}, strict)
export type EngineAddress = Static<typeof EngineAddress>

/** A cluster. Left out: the target's, else the worker's own (`KUBECONFIG`, or the cluster it runs in). */
export const ClusterAddress = Type.Object({
  kubeconfig: Type.Optional(SecretText),
  kubeconfigFile: Type.Optional(Type.String({ description: 'path on the worker' })),
  context: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String({ description: 'where a manifest names none' })),
  inCluster: Type.Optional(Type.Boolean()),
}, strict)
export type ClusterAddress = Static<typeof ClusterAddress>

/** How a target is reached: what applies to its type. */
export const TargetConfig = Type.Object({ ssh: Type.Optional(SshAddress), docker: Type.Optional(EngineAddress), kubernetes: Type.Optional(ClusterAddress) }, strict)
export type TargetConfig = Static<typeof TargetConfig>
