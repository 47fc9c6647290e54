import { once } from 'node:events'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort } from './edge-process.js'
import { side, upstream, type TestUpstream } from './upstream.js'

let version: TestUpstream
let edge: EdgeProcess
beforeAll(async () => {
  edge = await EdgeProcess.start()
  version = await upstream((request, response) => {
    request.resume()
    response.writeHead(200, ['Content-Type', 'application/json', 'X-Mixed-Case', 'Kept', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2',
      'Connection', 'keep-alive, X-Secret-Hop', 'X-Secret-Hop', 'gone', 'Proxy-Authenticate', 'gone', 'x-release-version', 'a lie'])
    response.end(JSON.stringify({ url: request.url, method: request.method, raw: request.rawHeaders }))
  })
  await edge.route('web', { stable: side('one', version.url) })
}, 30_000)
afterAll(() => Promise.all([edge.dispose(), version.stop()]))

interface Seen { url: string; method: string; raw: string[] }
/** Send bytes to a gateway and give what the version saw of them, and the answer's head. */
async function exchange(port: number, bytes: string): Promise<{ seen: Seen; head: string }> {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  const json = /transfer-encoding: chunked/i.test(head) ? body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1) : body
  return { seen: (json.startsWith('{') ? JSON.parse(json) : { url: '', method: '', raw: [] }) as Seen, head }
}
const pairs = (raw: string[]): [string, string][] => Array.from({ length: raw.length / 2 }, (_, n) => [raw[2 * n] ?? '', raw[2 * n + 1] ?? ''])
const values = (raw: string[], name: string): string[] => pairs(raw).filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)

test('the client\'s headers arrive with Host, spelling, order and doubles; those of the hop do not', async () => {
  const { seen } = await exchange(edge.port, 'GET /a%20b?x=1&y=%2F HTTP/1.1\r\nHost: shop.example.com\r\nX-Odd-CASE: 1\r\nx-twice: a\r\nx-twice: b\r\n'
    + 'Connection: close, X-Hop, Host\r\nX-Hop: gone\r\nKeep-Alive: timeout=1\r\nTE: trailers\r\nProxy-Authorization: gone\r\nProxy-Connection: gone\r\nUpgrade: h2c\r\n\r\n')
  expect(seen.url).toBe('/a%20b?x=1&y=%2F')
  expect(pairs(seen.raw).slice(0, 4)).toEqual([['Host', 'shop.example.com'], ['X-Odd-CASE', '1'], ['x-twice', 'a'], ['x-twice', 'b']])
  for (const name of ['x-hop', 'te', 'proxy-authorization', 'proxy-connection', 'upgrade', 'transfer-encoding', 'content-length']) expect(values(seen.raw, name), name).toEqual([])
  expect(values(seen.raw, 'connection')).toEqual(['keep-alive'])
})

test('X-Forwarded-* say who asked for what; a client cannot make them up unless a trusted proxy is in front', async () => {
  const bytes = 'GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: made.up\r\nX-Forwarded-Port: 443\r\nConnection: close\r\n\r\n'
  const of = ({ raw }: Seen) => ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'].map((name) => values(raw, name))
  expect(of((await exchange(edge.port, bytes)).seen)).toEqual([['127.0.0.1'], ['http'], ['shop.example.com'], [String(edge.port)]])
  const behind = await EdgeProcess.start({ EDGE_TRUST_FORWARDED: 'true' })
  await behind.route('web', { stable: side('one', version.url) })
  expect(of((await exchange(behind.port, bytes)).seen)).toEqual([['203.0.113.9, 127.0.0.1'], ['https'], ['made.up'], ['443']])
  await behind.dispose()
})

test('the version\'s headers arrive with spelling and doubles; those of the hop do not, and it cannot lie about itself', async () => {
  const { head } = await exchange(edge.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(head).toContain('X-Mixed-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
  expect(head).not.toMatch(/gone|a lie/)
  expect(head).toMatch(/x-release-version: one\.0\r\nx-release-id: one/)
})

test('requests that could be read in two ways, or are too big, are turned down', async () => {
  const status = async (bytes: string) => /^HTTP\/1.1 (\d+)/.exec((await exchange(edge.port, bytes)).head)?.[1]
  expect(await status('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toBe('400')
  expect(await status('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')).toBe('400')
  expect(await status(`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`)).toBe('431')
})

test('a body keeps its framing even when the client tries to have it taken away', async () => {
  const { seen } = await exchange(edge.port, 'GET /first HTTP/1.1\r\nHost: x\r\nConnection: close, content-length\r\nContent-Length: 27\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n')
  expect(seen.url).toBe('/first')
  expect(values(seen.raw, 'content-length')).toEqual(['27'])
  const empty = await exchange(edge.port, 'POST /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect([values(empty.seen.raw, 'content-length'), values(empty.seen.raw, 'transfer-encoding')]).toEqual([['0'], []])
})

test('a version may have a base path; an absolute request line and HTTP/1.0 are understood', async () => {
  const port = await freePort()
  await edge.route('based', { stable: side('one', `${version.url}/base/`), listen: { port } })
  expect((await exchange(port, 'GET http://shop.example.com/x?y HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n')).seen.url).toBe('/base/x?y')
  const old = await exchange(port, 'GET /old HTTP/1.0\r\n\r\n')
  expect([old.seen.url, values(old.seen.raw, 'host')]).toEqual(['/base/old', [`127.0.0.1:${port}`]])
  expect(old.head).not.toMatch(/transfer-encoding/i)
})

test('a request to switch protocols gets a clear 501', async () => {
  const { head, seen } = await exchange(edge.port, 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 501 /)
  expect(seen).toEqual({ code: 'UPGRADE_UNSUPPORTED', message: 'route web does not switch protocols: websocket' })
})

test('a host without route is a 404 with a code', async () => {
  const port = await freePort()
  await edge.route('hosted', { stable: side('one', version.url), listen: { port, host: 'shop.example.com' } })
  const { head, seen } = await exchange(port, 'GET / HTTP/1.1\r\nHost: other.example.com\r\nConnection: close\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 404 /)
  expect(seen).toMatchObject({ code: 'NOT_FOUND' })
  expect((await exchange(port, 'GET / HTTP/1.1\r\nHost: SHOP.example.com:8000\r\nConnection: close\r\n\r\n')).seen.url).toBe('/')
})
