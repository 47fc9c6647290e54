import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { runVersion, type RunningVersion } from '../../contract/traffic-versions.js'
import { startComponent } from '../../testbed/component.js'
import { ROUTE, type GatewayStand } from './stand.js'

/** `admin`: where its admin API answers over TCP. */
export interface ServerStand extends GatewayStand { folder: string; port: Record<string, number>; admin: number }

const STANDS = { caddy: ['TESTBED_CADDY_PORT', 'TESTBED_CADDY_ADMIN_PORT'], 'caddy-file': ['TESTBED_CADDY_PORT', 'TESTBED_CADDY_ADMIN_PORT'], envoy: ['TESTBED_ENVOY_PORT', 'TESTBED_ENVOY_ADMIN_PORT'], haproxy: ['TESTBED_HAPROXY_PORT', 'TESTBED_HAPROXY_ADMIN_PORT'], nginx: ['TESTBED_NGINX_PORT', 'TESTBED_NGINX_CHECK_PORT'], traefik: ['TESTBED_TRAEFIK_PORT', 'TESTBED_TRAEFIK_ADMIN_PORT'] } as const
export type ServerName = keyof typeof STANDS

/**
 * A real gateway of test/testbed/gateways.sh, of the caller's own: what one does to its routes no other sees.
 * @param more settings of the driver
 */
export async function serverStand(name: ServerName, more: Record<string, unknown> = {}): Promise<ServerStand> {
  const [stable, candidate] = [await runVersion('one'), await runVersion('two')]
  const address = ({ side }: RunningVersion): string => new URL(side.url).host
  const [listen, check] = STANDS[name]
  const component = await startComponent('gateways', [listen, check], { TESTBED_STABLE: address(stable), TESTBED_CANARY: address(candidate) }, [name])
  const admin = component.port[check] ?? 0
  return {
    ...component, admin, listen: { port: component.port[listen] ?? 0 }, running: { stable, candidate }, urls: { stable: stable.side.url, candidate: candidate.side.url },
    settings: { ...settingsOf(name, join(component.folder, 'gateways', name), admin), ...more }, configuration: () => configurationOf(name, join(component.folder, 'gateways', name), admin),
    stop: async () => { await component.stop(); await Promise.all([stable.stop(), candidate.stop()]) },
  }
}

function settingsOf(name: ServerName, folder: string, admin: number): GatewayStand['settings'] {
  const url = `http://127.0.0.1:${admin}`
  switch (name) {
    case 'caddy': return { type: name, admin: url, log: join(folder, 'access.log') }
    case 'caddy-file': return { type: 'caddy', admin: url, folder: join(folder, 'routes'), log: join(folder, 'access.log') }
    case 'envoy': return { type: name, admin: url, folder: join(folder, 'routes') }
    case 'haproxy': return { type: name, socket: `tcp://127.0.0.1:${admin}` }
    case 'nginx': return { type: name, folder: join(folder, 'routes'), check: `127.0.0.1:${admin}`, config: join(folder, 'nginx.conf'), pid: join(folder, 'nginx.pid'), log: join(folder, 'access.log'), mirror: true }
    case 'traefik': return { type: name, api: url, folder: join(folder, 'dynamic') }
  }
}

async function configurationOf(name: ServerName, folder: string, admin: number): Promise<string> {
  switch (name) {
    case 'caddy': return (await caddyAdmin(`http://127.0.0.1:${admin}`, '/config/')).text
    case 'caddy-file': return readFile(join(folder, 'routes', ROUTE), 'utf8')
    case 'envoy': return (await Promise.all(['route', 'one', 'two'].map((part) => readFile(join(folder, 'routes', `${ROUTE}.${part}.yaml`), 'utf8')))).join('\0')
    case 'haproxy': return serversOf(await tellHaproxy(admin, `show servers state ${ROUTE}`))
    case 'nginx': return readFile(join(folder, 'routes', `${ROUTE}.conf`), 'utf8')
    case 'traefik': return readFile(join(folder, 'dynamic', `${ROUTE}.yaml`), 'utf8')
  }
}

/** Address, state by hand, weight, port; the rest is what HAProxy found. */
const serversOf = (said: string): string => said.split('\n').slice(2).map((line) => {
  const fields = line.split(' ')
  return [3, 4, 6, 7, 18].map((n) => fields[n]).join(' ')
}).join('\n')

/** One line to HAProxy's Runtime API. */
export function tellHaproxy(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = createConnection(port, '127.0.0.1', () => socket.write(`${line}\n`))
    socket.on('data', (chunk: Buffer) => { answer += chunk.toString() }).on('end', () => { resolve(answer.trim()) }).on('error', reject)
  })
}

/** Caddy's admin API in JSON. */
export async function caddyAdmin(base: string, path: string, method = 'GET', body?: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(`${base}${path}`, { method, headers: { origin: base, 'content-type': 'application/json' }, ...body !== undefined && { body: JSON.stringify(body) } })
  return { status: response.status, text: await response.text() }
}

/** Caddy's admin API answers by the names it is given only: let it be reached at another port, too. */
export async function letCaddyBeReached({ admin }: ServerStand, port: number): Promise<void> {
  const { status, text } = await caddyAdmin(`http://127.0.0.1:${admin}`, '/config/admin/origins', 'POST', [`127.0.0.1:${admin}`, `127.0.0.1:${port}`])
  if (status !== 200) throw new Error(text)
}
