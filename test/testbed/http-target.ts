import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received { method: string; path: string; headers: IncomingMessage['headers']; body: string }
/** What to answer, once `after` is settled; null: never answer. */
export type Answer = { status?: number; headers?: Record<string, string>; body?: string; after?: Promise<unknown> } | null

/** A real HTTP server on a free loopback port that remembers every request. */
export async function startHttpTarget(answer: (request: Received) => Answer): Promise<{ url: string; received: Received[]; stop: () => Promise<void> }> {
  const received: Received[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    received.push(one)
    const given = answer(one)
    await given?.after
    if (given) response.writeHead(given.status ?? 200, given.headers).end(given.body)
  }
  const server = createServer((request, response) => { handle(request, response).catch((error: unknown) => response.destroy(error as Error)) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received,
    stop: async () => { server.closeAllConnections(); await new Promise((resolve) => server.close(resolve)) },
  }
}
