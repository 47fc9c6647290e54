import http from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { RouteListen, Side } from '../../drivers/traffic/port.js'
import { upstream } from '../edge/upstream.js'

/** A version behind a gateway: answers its version, at `/hold` when it is told to. */
export interface RunningVersion {
  side: Side
  /** Requests that came in, mirrored ones too. */
  arrived: number
  /** What it says of itself at `/self`, as JSON. */
  self: { failing: number }
  /** Answers everything else with status 503. */
  isBroken: boolean
  /** Those at `/hold` get their answers. */
  release(): void
  stop(): Promise<void>
}

/** @param port left out: a free one. @param host where it listens, for gateways that do not reach loopback addresses */
export async function runVersion(id: string, port = 0, host = '127.0.0.1'): Promise<RunningVersion> {
  const held: (() => void)[] = []
  const server = await upstream((request, response) => {
    version.arrived++
    request.resume()
    response.setHeader('x-version', id)
    if (request.url === '/self') response.end(JSON.stringify(version.self))
    else if (version.isBroken) response.writeHead(503).end()
    else if (request.url === '/hold') held.push(() => response.end(`${id}.0`))
    else response.end(`${id}.0`)
  }, port, host)
  server.server.keepAliveTimeout = 60_000 // longer than any gateway keeps one: a connection that ends is the gateway's doing
  const version: RunningVersion = {
    side: { id, version: `${id}.0`, url: server.url }, arrived: 0, self: { failing: 0 }, isBroken: false,
    release: () => { for (const answer of held.splice(0)) answer() },
    stop: () => server.stop(),
  }
  return version
}

/** `again`: how often it is sent again when a new connection was reset before any answer, too. */
export interface Asking { path?: string; headers?: Record<string, string>; agent?: http.Agent; again?: number }
export interface Asked { status: number; body: string; headers: http.IncomingHttpHeaders }

/**
 * One request of a client through a gateway. One that was reset on a connection that had been kept, before any answer, is sent again,
 * as every client does (RFC 9112 §9.3.1).
 */
export async function ask(listen: RouteListen, { path = '/', headers = {}, agent, again = 0 }: Asking = {}): Promise<Asked> {
  try { return await send(listen, path, headers, agent) } catch (error) {
    const { isReset, reusedSocket } = error as { isReset?: boolean; reusedSocket?: boolean }
    if (!isReset || !(reusedSocket || again > 0)) throw error
    return again > 0 ? ask(listen, { path, headers, again: again - 1 }) : send(listen, path, headers, undefined)
  }
}

/** The version that answered. @throws Error on any status but 200 */
export async function versionAt(listen: RouteListen, asking: Asking = {}): Promise<string> {
  const { status, body } = await ask(listen, asking)
  if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 200)}`)
  return body
}

function send(listen: RouteListen, path: string, headers: Record<string, string>, agent: http.Agent | undefined): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port: listen.port, path, headers: { ...listen.host !== undefined && { host: listen.host }, ...headers }, agent: agent ?? false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { body += chunk })
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body, headers: response.headers }) }).on('error', reject)
    })
    request.on('error', (error: NodeJS.ErrnoException) => { reject(Object.assign(error, { isReset: error.code === 'ECONNRESET' || error.code === 'EPIPE', reusedSocket: request.reusedSocket })) })
  })
}

/** `count` calls, sixteen at a time. */
export async function many<Result>(count: number, call: (n: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let started = 0
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (started < count) results.push(await call(started++))
  }))
  return results
}

/** Takes connections and says nothing. */
export async function silentServer(): Promise<{ port: number; url: string; stop(): Promise<void> }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => { open.add(socket); socket.on('error', () => undefined).on('close', () => open.delete(socket)) }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, stop: async () => { server.close(); for (const socket of open) socket.destroy() } }
}
