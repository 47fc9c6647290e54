import http from 'node:http'
import https from 'node:https'

/** Shorter than the 5 s after which Node's own servers close an idle connection: one that is about to go is not used. */
const IDLE_SOCKET_MS = 4_000

/** All requests of one pool go to one place, so its name is a constant instead of a text built per request. */
class OneOriginAgent extends http.Agent {
  override getName(): string { return '' }
}
class OneTlsOriginAgent extends https.Agent {
  override getName(): string { return '' }
}

/** Where a version listens, with its pool of connections. One open client connection needs at most one, so the pool needs no limit of its own. */
export class Upstream {
  readonly agent: http.Agent
  /** Opens a connection of its own: for the second try after a kept one turned out dead. */
  readonly freshAgent: http.Agent
  readonly request: typeof http.request
  /** Put before the path of every request. */
  readonly basePath: string

  constructor(url: string) {
    const { protocol, hostname, port, pathname } = new URL(url)
    const secure = protocol === 'https:'
    const host = hostname.replace(/^\[|\]$/g, '')
    const Agent = secure ? OneTlsOriginAgent : OneOriginAgent
    // The Host header stays the client's; the certificate is the version's own.
    const options = { host, port: Number(port) || (secure ? 443 : 80), servername: secure ? host : '', noDelay: true }
    this.agent = new Agent({ ...options, keepAlive: true, maxFreeSockets: 1024, timeout: IDLE_SOCKET_MS })
    this.freshAgent = new Agent({ ...options, keepAlive: false })
    this.request = secure ? https.request : http.request
    this.basePath = pathname.replace(/\/$/, '')
  }
}
