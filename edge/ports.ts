import http from 'node:http'
import type { Gateway } from './gateway.js'
import type { LiveRoute } from './live-route.js'
import { log } from './log.js'
import { RouteMatcher } from './matching.js'
import { EdgeProblem } from './problem.js'
import type { Listen } from './route.js'

interface OpenPort { server: http.Server; matcher: RouteMatcher<LiveRoute> }
/** How often a port is tried again that could not be opened at start. */
const RETRY_MS = 1_000

/** The ports routes listen on: opened for the first route that names them, closed after the last. */
export class Ports {
  readonly #host: string
  readonly #gateway: Gateway
  readonly #maxConnections: number
  readonly #open = new Map<number, OpenPort>()
  /** Wanted by a route but in someone else's hands since the start; the reason for people. */
  readonly failed = new Map<number, string>()
  #retry: NodeJS.Timeout | null = null

  constructor(host: string, gateway: Gateway, maxConnections: number) {
    this.#host = host
    this.#gateway = gateway
    this.#maxConnections = maxConnections
  }

  isOpen(port: number): boolean { return this.#open.has(port) }

  /** Nothing happens when it is open. @throws PORT_UNAVAILABLE naming the port */
  async open(port: number): Promise<void> {
    if (this.#open.has(port)) return
    const entry: OpenPort = { server: this.#server(() => entry.matcher), matcher: new RouteMatcher<LiveRoute>([]) }
    await new Promise<void>((resolve, reject) => {
      entry.server.once('error', (error: NodeJS.ErrnoException) => reject(new EdgeProblem('PORT_UNAVAILABLE',
        error.code === 'EADDRINUSE' ? `port ${port} on ${this.#host} is in use` : `port ${port} on ${this.#host} cannot be opened: ${error.code ?? error.message}`)))
      entry.server.listen(port, this.#host, 4096, resolve)
    })
    this.failed.delete(port)
    this.#open.set(port, entry)
  }

  /** From now on these routes are served, each where it listens. Ports without any route close; requests under way there end first. */
  serve(routes: { listen: Listen; target: LiveRoute }[]): void {
    for (const [port, entry] of this.#open) {
      const here = routes.filter(({ listen }) => listen.port === port)
      entry.matcher = new RouteMatcher(here)
      if (here.length === 0) void this.#close(port, entry)
    }
    for (const port of this.failed.keys()) if (!routes.some(({ listen }) => listen.port === port)) this.failed.delete(port)
  }

  /** At start: open what can be opened, go on trying the rest, so that one lost port does not take the others down. */
  async openAll(ports: Iterable<number>, opened: () => void): Promise<void> {
    for (const port of ports) {
      await this.open(port).catch((error: unknown) => {
        if (!this.failed.has(port)) log('error', `${(error as Error).message}; trying again every ${RETRY_MS} ms`)
        this.failed.set(port, (error as Error).message)
      })
    }
    opened()
    if (this.failed.size > 0) this.#retry = setTimeout(() => void this.openAll([...this.failed.keys()], opened), RETRY_MS)
  }

  /** Stop accepting; resolves when the last connection is gone. */
  async closeAll(): Promise<void> {
    if (this.#retry) clearTimeout(this.#retry)
    await Promise.all([...this.#open].map(([port, entry]) => this.#close(port, entry)))
  }

  async #close(port: number, { server }: OpenPort): Promise<void> {
    this.#open.delete(port)
    // A connection that is kept alive becomes idle only when its request has ended: look again until all are gone.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    await new Promise<void>((resolve) => server.close(() => resolve()))
    clearInterval(sweep)
  }

  #server(matcher: () => RouteMatcher<LiveRoute>): http.Server {
    const server = http.createServer({
      noDelay: true, keepAliveTimeout: 65_000, // longer than the 60 s of the usual balancer in front
      headersTimeout: 10_000, requestTimeout: 3_600_000, connectionsCheckingInterval: 1_000, // a header must come soon, an upload within the hour
    })
    server.maxHeadersCount = 0 // their size is limited (16 KiB); beyond a count Node would drop some without a word
    server.maxConnections = this.#maxConnections
    server.on('request', (request, response) => this.#gateway.handle(matcher(), request, response, false))
    server.on('checkContinue', (request, response) => this.#gateway.handle(matcher(), request, response, true))
    return server
  }
}
