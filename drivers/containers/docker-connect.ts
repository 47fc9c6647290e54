import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { failure } from '../../domain/failures.js'
import type { EngineConnection } from './port.js'
import { SshTunnel } from './ssh-tunnel.js'

const SOCKET = '/var/run/docker.sock'
const PORTS = { plain: 2375, tls: 2376, ssh: 22 }

/** How dockerode is to connect, and what the engine is called. Nothing of the worker's own environment counts. @throws CONFIG_INVALID */
export function connectionOptions({ host, tls, ssh }: EngineConnection): { options: Docker.DockerOptions; where: string; reachedAt: string } {
  const given = parsed(host)
  const blank = { ca: undefined, cert: undefined, key: undefined, timeout: undefined, protocol: 'http' as const }
  if (given.protocol === 'unix:') {
    const socketPath = given.pathname === '' ? SOCKET : given.pathname
    return { options: { ...blank, socketPath }, where: `unix://${socketPath}`, reachedAt: '127.0.0.1' }
  }
  const name = given.hostname.replace(/^\[|\]$/g, '')
  if (given.protocol === 'ssh:') {
    const engine = {
      ...ssh, host: ssh?.host ?? name, port: ssh?.port ?? Number(given.port || PORTS.ssh), user: ssh?.user ?? (given.username || userInfo().username),
      socketPath: given.pathname.length > 1 ? given.pathname : SOCKET, knownHosts: ssh?.knownHosts ?? ownKnownHosts(),
    }
    const options = { ...blank, host: 'engine', port: 80, agent: new SshTunnel(engine) }
    return { options, where: `ssh://${engine.user}@${engine.host}:${engine.port}`, reachedAt: engine.host }
  }
  const port = Number(given.port || (tls ? PORTS.tls : PORTS.plain))
  return { options: { ...blank, host: given.hostname, port, ...tls && { ...tls, protocol: 'https' as const } }, where: `tcp://${given.hostname}:${port}`, reachedAt: name }
}

function parsed(host: string): URL {
  const url = URL.canParse(host) ? new URL(host) : null
  if (!url || !['unix:', 'tcp:', 'http:', 'https:', 'ssh:'].includes(url.protocol)) throw failure('CONFIG_INVALID', `an engine's host is unix:///path, tcp://host:port or ssh://user@host, not ${host}`)
  return url
}

function ownKnownHosts(): string {
  try { return readFileSync(join(homedir(), '.ssh', 'known_hosts'), 'utf8') } catch { return '' }
}
