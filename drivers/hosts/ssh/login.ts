import ssh2, { type AnyAuthMethod, type ConnectConfig } from 'ssh2'
import { failure } from '../../../domain/failures.js'
import type { SshLogin } from '../port.js'
import { hostKeyAlgorithms, hostKeyProblem, type HostKeyRule } from './host-key.js'

export interface LoginOptions {
  readyTimeout: number
  /** This user's known_hosts, for logins that bring none. */
  knownHosts: string
  /** SSH_AUTH_SOCK of this process. */
  agentSocket: string | undefined
  /** Told why a host's key is refused. */
  refused: (why: string) => void
}

const KEEP_ALIVE_MS = 5000
const MISSED_KEEP_ALIVES = 3

/** A login as ssh2 takes it. @throws CONFIG_INVALID when its key cannot be read, or when it has no way to log in */
export function connectConfig(login: SshLogin, { readyTimeout, knownHosts, agentSocket, refused }: LoginOptions): ConnectConfig {
  const rule: HostKeyRule = { host: login.host, port: login.port, hostKey: login.hostKey, knownHosts: login.knownHosts ?? knownHosts }
  return {
    host: login.host, port: login.port, username: login.user, readyTimeout,
    keepaliveInterval: KEEP_ALIVE_MS, keepaliveCountMax: MISSED_KEEP_ALIVES,
    authHandler: authMethods(login, agentSocket),
    algorithms: { serverHostKey: hostKeyAlgorithms(rule) },
    hostVerifier: (key: Buffer) => {
      const problem = hostKeyProblem(key, rule)
      if (problem !== null) refused(problem)
      return problem === null
    },
  }
}

/** What is tried, in this order: key, agent, password (also as the one question a keyboard-interactive login asks). */
export function authMethods({ host, user: username, key, passphrase, password, agent }: SshLogin, agentSocket: string | undefined): AnyAuthMethod[] {
  const methods: AnyAuthMethod[] = []
  if (key !== undefined) {
    const parsed = ssh2.utils.parseKey(key.trim() + '\n', passphrase)
    if (parsed instanceof Error) throw failure('CONFIG_INVALID', `the key to log in to ${host} cannot be read: ${parsed.message}`)
    if (!parsed.isPrivateKey()) throw failure('CONFIG_INVALID', `the key to log in to ${host} is a public one`)
    methods.push({ type: 'publickey', username, key: parsed })
  }
  if (agent) {
    if (agentSocket === undefined) throw failure('CONFIG_INVALID', `${host} is to be logged in to by the SSH agent, but this process has none (SSH_AUTH_SOCK)`)
    methods.push({ type: 'agent', username, agent: agentSocket })
  }
  if (password !== undefined) {
    methods.push({ type: 'password', username, password })
    methods.push({ type: 'keyboard-interactive', username, prompt: (_name, _instructions, _language, prompts, finish) => { finish(prompts.map(() => password)) } })
  }
  if (methods.length === 0) throw failure('CONFIG_INVALID', `there is no way to log in to ${host}: give a key, a password or agent: true`)
  return methods
}
