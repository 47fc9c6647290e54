// A fault injector, not a double: everything is forwarded to the real gateway and answered by it, but for the fault a test asks for.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'

/**
 * What goes wrong with one request. `refuse`: the gateway's own kind of no, nothing is forwarded. `late`: it is done, the answer takes
 * `ms`. `twice`: it reaches the gateway twice. `cut`: it is done, the connection breaks before the answer. `silent`: it is never answered nor done.
 */
export type Fault = { do: 'refuse'; reason: string } | { do: 'late'; ms: number } | { do: 'twice' | 'cut' | 'silent' }
export interface ControlRequest { method: string; route: string; split: RouteSplit | null }
interface Reply { status: number; body: string }

/** The line between a worker and a gateway's control port. */
export class FaultyLine {
  /** Where the gateway really is. */
  target = ''
  /** By route: what goes wrong with a request; null: nothing. */
  readonly faults = new Map<string, (request: ControlRequest) => Fault | null>()
  /** By route: the faults that happened, in order, as `late PUT`. */
  readonly happened = new Map<string, string[]>()
  readonly #server = createServer((request, response) => { this.#pass(request, response).catch(() => response.destroy()) })

  async start(): Promise<void> { await once(this.#server.listen(0, '127.0.0.1'), 'listening') }
  get url(): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const [method, path] = [request.method ?? '', request.url ?? '']
    const route = decodeURIComponent(/^\/routes\/([^/]+)/.exec(path)?.[1] ?? '')
    const fault = this.faults.get(route)?.({ method, route, split: body === '' ? null : JSON.parse(body) as RouteSplit }) ?? null
    if (fault) this.happened.set(route, [...this.happened.get(route) ?? [], `${fault.do} ${method}`])
    const forward = (): Promise<Reply> => this.#forward(method, path, request.headers.authorization ?? '', body)
    const answer = ({ status, body: text }: Reply): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(text) }
    switch (fault?.do) {
      case undefined: return answer(await forward())
      case 'refuse': return answer({ status: 409, body: JSON.stringify({ code: 'REFUSED', message: fault.reason }) })
      case 'late': { const reply = await forward(); await delay(fault.ms); return answer(reply) }
      case 'twice': await forward(); return answer(await forward())
      case 'cut': await forward(); response.destroy(); return
      case 'silent': return
    }
  }

  async #forward(method: string, path: string, authorization: string, body: string): Promise<Reply> {
    if (this.target === '') throw failure('TARGET_UNREACHABLE', 'the line leads nowhere yet')
    const answer = await fetch(this.target + path, { method, headers: { authorization }, ...(body !== '' && { body }) })
    return { status: answer.status, body: await answer.text() }
  }
}
