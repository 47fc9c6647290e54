// A double of the API: real HTTP on loopback, answers made up by the test. The real one is met in real-api.test.ts.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked { method: string; path: string; query: URLSearchParams; headers: IncomingHttpHeaders; body: unknown }
export interface Answer { status?: number; body: unknown }
type Handler = (asked: Asked, response: ServerResponse) => Answer | null | Promise<Answer | null>

/** @param routes `METHOD /path` to its answer; null: the handler writes the response itself */
export async function apiDouble(routes: Record<string, Handler>): Promise<{ url: string; asked: Asked[]; close(): Promise<void> }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double')
      const one: Asked = { method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers, body: text === '' ? null : JSON.parse(text) as unknown }
      asked.push(one)
      const handler = routes[`${one.method} ${one.path}`] ?? (() => problem(404, 'NOT_FOUND', `no route ${one.method} ${one.path}`))
      void Promise.resolve(handler(one, response)).then((answer) => {
        if (answer) response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
      })
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked,
    close: () => new Promise((done) => { server.close(() => done()); server.closeAllConnections() }),
  }
}

export const problem = (status: number, code: string, detail: string, issues?: unknown[]): Answer =>
  ({ status, body: { type: `urn:releasectl:problem:${code}`, title: 'Error', status, code, detail, message: detail, requestId: '1', ...(issues && { issues }) } })

/** One message of an event stream. */
export const sse = (event: string, id: number, data: unknown): string => `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
