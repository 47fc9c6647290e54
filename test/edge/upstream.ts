import { once } from 'node:events'
import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A version to put behind the gateway: a real server on a free port. */
export interface TestUpstream { server: Server; port: number; url: string; stop(): Promise<void> }

export async function upstream(answer: RequestListener, port = 0, host = '127.0.0.1'): Promise<TestUpstream> {
  // Kept longer than any gateway keeps a connection: one that the version closes just when it is used again is a lost request.
  const server = http.createServer({ keepAliveTimeout: 600_000 }, answer).listen(port, host)
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return {
    server, port: taken, url: `http://${host}:${taken}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** Answers its name. */
export const named = (name: string): Promise<TestUpstream> => upstream((request, response) => {
  request.resume()
  response.end(name)
})

export const side = (id: string, url: string): { id: string; version: string; url: string } => ({ id, version: `${id}.0`, url })
