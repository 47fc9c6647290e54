import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener } from 'node:http'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort, until } from './edge-process.js'
import { side, upstream, type TestUpstream } from './upstream.js'

let edge: EdgeProcess
beforeAll(async () => { edge = await EdgeProcess.start() }, 30_000)
const started: TestUpstream[] = []
afterAll(() => Promise.all([edge.dispose(), ...started.map((each) => each.stop())]))

/** A route to a version that answers so; the gateway's port for it. */
async function through(answer: RequestListener): Promise<{ port: number; name: string; version: TestUpstream }> {
  const version = await upstream(answer)
  started.push(version)
  const port = await freePort()
  const name = `route-${port}`
  await edge.route(name, { stable: side('one', version.url), listen: { port } })
  return { port, name, version }
}
const request = (port: number, options: http.RequestOptions = {}): http.ClientRequest => http.request({ host: '127.0.0.1', port, agent: false, ...options })
async function answered(sent: http.ClientRequest): Promise<IncomingMessage> {
  const [answer] = await once(sent, 'response') as [IncomingMessage]
  return answer
}
async function digest(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

test('bodies small and big arrive unchanged in both directions, with a length and in chunks', async () => {
  const { port } = await through((incoming, outgoing) => {
    const length = incoming.headers['content-length']
    if (length !== undefined) outgoing.setHeader('content-length', length)
    incoming.pipe(outgoing)
  })
  for (const body of [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), randomBytes(8192), randomBytes(20_000_000)]) {
    const expected = createHash('sha256').update(body).digest('hex')
    for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const sent = request(port, { method: 'POST', headers })
      sent.end(body)
      expect(await digest(await answered(sent))).toBe(expected)
    }
  }
})

test('a body that comes slowly is passed on as it comes, both ways', async () => {
  const { port } = await through((incoming, outgoing) => { // answers each piece before the next is sent
    outgoing.writeHead(200)
    outgoing.flushHeaders()
    incoming.on('data', (chunk: Buffer) => outgoing.write(`got ${chunk.toString()}`))
    incoming.on('end', () => outgoing.end())
  })
  const sent = request(port, { method: 'POST' })
  sent.flushHeaders()
  const answer = await answered(sent) // headers alone, before any body
  for (const piece of ['a', 'b', 'c']) {
    sent.write(piece)
    const [chunk] = await once(answer, 'data') as [Buffer]
    expect(chunk.toString()).toBe(`got ${piece}`)
  }
  sent.end()
  answer.resume()
  await once(answer, 'end')
})

test('a client that does not read holds the version back instead of filling the gateway', async () => {
  let written = 0
  const chunk = Buffer.alloc(64 * 1024)
  const { port } = await through((_incoming, outgoing) => {
    const more = (): void => {
      while (outgoing.write(chunk)) written += chunk.length
      written += chunk.length
    }
    outgoing.on('drain', more)
    more()
  })
  const sent = request(port)
  sent.end()
  const answer = await answered(sent)
  answer.pause()
  await until(async () => {
    const before = written
    await new Promise((resolve) => setTimeout(resolve, 300))
    return written === before
  })
  expect(written).toBeLessThan(32_000_000) // the buffers of four sockets, not the endless answer
  const held = written
  answer.resume()
  await until(() => written > held + 10_000_000)
  answer.destroy()
})

test('when the client goes away the version is told', async () => {
  let gone = false
  const { port, name } = await through((_incoming, outgoing) => {
    outgoing.write('first')
    outgoing.on('close', () => { gone = true })
  })
  const sent = request(port)
  sent.end()
  const answer = await answered(sent)
  await once(answer, 'data')
  expect((await edge.control('GET', `/routes/${name}/sides/one`)).body).toEqual({ open: 1 })
  sent.on('error', () => undefined)
  sent.destroy()
  await until(() => gone)
  await until(async () => ((await edge.control('GET', `/routes/${name}/sides/one`)).body as { open: number }).open === 0)
  expect((await edge.control('GET', `/routes/${name}/metrics`)).body).toMatchObject({ stable: { requests: 1, errors: 0 } })
})

test('when the version goes away in the middle the client is told, and it is an error', async () => {
  const { port, name } = await through((_incoming, outgoing) => {
    outgoing.write('first', () => outgoing.destroy()) // in chunks: only the missing last one tells that something is missing
  })
  const sent = request(port)
  sent.end()
  const answer = await answered(sent)
  await expect(text(answer)).rejects.toThrow('aborted')
  expect((await edge.control('GET', `/routes/${name}/metrics`)).body).toMatchObject({ stable: { requests: 1, errors: 1 } })
})

test('trailers pass both ways', async () => {
  const { port } = await through((incoming, outgoing) => {
    incoming.resume().on('end', () => {
      outgoing.write('body')
      outgoing.addTrailers({ 'x-sum': incoming.trailers['x-sum'] ?? 'none' })
      outgoing.end()
    })
  })
  const sent = request(port, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
  sent.write('body')
  sent.addTrailers({ 'x-sum': '42' })
  sent.end()
  const answer = await answered(sent)
  expect(await text(answer)).toBe('body')
  expect(answer.trailers).toEqual({ 'x-sum': '42' })
})

test('a client that expects 100-continue gets it from the version, or the version\'s answer instead', async () => {
  const { port, version } = await through((incoming, outgoing) => void text(incoming).then((body) => outgoing.end(`got ${body}`)))
  version.server.on('checkContinue', (incoming: IncomingMessage, outgoing: http.ServerResponse) => {
    if (incoming.url === '/no') return void outgoing.writeHead(417).end()
    outgoing.writeContinue()
    version.server.emit('request', incoming, outgoing)
  })
  const welcome = request(port, { method: 'PUT', headers: { expect: '100-continue', 'content-length': 4 } })
  await once(welcome, 'continue')
  welcome.end('body')
  expect(await text(await answered(welcome))).toBe('got body')
  const turnedAway = request(port, { method: 'PUT', path: '/no', headers: { expect: '100-continue', 'content-length': 4 } })
  let continued = false
  turnedAway.on('continue', () => { continued = true }).on('error', () => undefined)
  expect((await answered(turnedAway)).statusCode).toBe(417)
  expect(continued).toBe(false)
  turnedAway.destroy()
})

test('an early answer to an upload reaches the client, and the connection goes on', async () => {
  const { port } = await through((incoming, outgoing) => {
    if (incoming.method === 'GET') return void outgoing.end('next')
    outgoing.writeHead(413).end('too big')
  })
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const sent = request(port, { method: 'POST', agent, headers: { 'content-length': 5_000_000 } })
  sent.write(Buffer.alloc(1_000_000))
  const answer = await answered(sent)
  expect([answer.statusCode, await text(answer)]).toEqual([413, 'too big'])
  sent.end(Buffer.alloc(4_000_000))
  const second = request(port, { agent })
  second.end()
  expect(await text(await answered(second))).toBe('next')
  agent.destroy()
})

test('answers without a body stay without one', async () => {
  const { port } = await through((incoming, outgoing) => {
    outgoing.writeHead(incoming.url === '/204' ? 204 : incoming.url === '/304' ? 304 : 200, incoming.method === 'HEAD' ? { 'content-length': 1234 } : {}).end()
  })
  const socket = net.connect(port, '127.0.0.1')
  socket.write('HEAD / HTTP/1.1\r\nhost: x\r\n\r\nGET /204 HTTP/1.1\r\nhost: x\r\n\r\nGET /304 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const all = await text(socket)
  expect(all.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 304'])
  expect(all).toMatch(/content-length: 1234/i)
  expect(all).not.toMatch(/transfer-encoding/i)
})
