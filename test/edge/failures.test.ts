import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort, until } from './edge-process.js'
import { named, side, upstream } from './upstream.js'

let edge: EdgeProcess
beforeAll(async () => { edge = await EdgeProcess.start({ EDGE_UPSTREAM_TIMEOUT_MS: '600', EDGE_IDLE_TIMEOUT_MS: '1200', EDGE_GRACE_MS: '1500' }) }, 30_000)
afterAll(() => edge.dispose())

async function routed(url: string | null, more: object = {}): Promise<{ name: string; url: string; port: number }> {
  const port = await freePort()
  await edge.route(`route-${port}`, { stable: url === null ? null : side('one', url), listen: { port }, ...more })
  return { name: `route-${port}`, port, url: `http://127.0.0.1:${port}/` }
}
const told = async (answer: Promise<Response>): Promise<unknown[]> => {
  const { status, body } = await answer.then(async (each) => ({ status: each.status, body: await each.json() as { code: string; message: string } }))
  return [status, body.code, body.message]
}

test('a version that is down is a 502 that names it, and the other goes on', async () => {
  const good = await named('good')
  const { url } = await routed(good.url, { candidate: side('two', `http://127.0.0.1:${await freePort()}`), percent: 50 })
  expect(await (await fetch(url)).text()).toBe('good')
  expect(await told(fetch(url))).toEqual([502, 'UPSTREAM_UNREACHABLE', 'candidate version two.0 refused the connection'])
  expect(await (await fetch(url)).text()).toBe('good')
  await good.stop()
})

test('a version that hangs up before it answers is a 502', async () => {
  const rude = net.createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await once(rude, 'listening')
  const { url, name } = await routed(`http://127.0.0.1:${(rude.address() as net.AddressInfo).port}`)
  expect(await told(fetch(url))).toEqual([502, 'UPSTREAM_UNREACHABLE', 'stable version one.0 broke off before it answered (ECONNRESET)'])
  expect((await edge.control('GET', `/routes/${name}/metrics`)).body).toMatchObject({ stable: { requests: 1, errors: 1 } })
  rude.close()
})

test('an answer that is no good HTTP is a 502, and the gateway lives on', async () => {
  for (const head of ['HTTP/1.1 200 O\u0001K', 'HTTP/1.1 099 Low', 'HTTP/1.1 101 Switching', 'nonsense', 'HTTP/1.1 200 OK\r\nx: \u0001']) {
    const odd = net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(`${head}\r\ncontent-length: 2\r\n\r\nok`))).listen(0, '127.0.0.1')
    await once(odd, 'listening')
    const { url } = await routed(`http://127.0.0.1:${(odd.address() as net.AddressInfo).port}`)
    expect((await told(fetch(url))).slice(0, 2), head).toEqual([502, 'UPSTREAM_UNREACHABLE'])
    odd.close()
  }
})

test('a route without any version is a 503', async () => {
  const { url, name } = await routed(null)
  expect(await told(fetch(url))).toEqual([503, 'NO_SIDE', `route ${name} has no version`])
  expect((await edge.control('GET', '/metrics')).body).toContain(`releasectl_edge_unserved_total{route="${name}"} 1\n`)
})

test('a version that does not answer in time is a 504, and is told to stop', async () => {
  let gone = false
  const silent = await upstream((request) => { request.on('close', () => { gone = true }) })
  const { url } = await routed(silent.url)
  expect(await told(fetch(url))).toEqual([504, 'UPSTREAM_TIMEOUT', 'stable version one.0 did not answer within 600 ms'])
  await until(() => gone)
  await silent.stop()
})

test('a client that stops sending its body is a 408 and no error of the version', async () => {
  const waiting = await upstream((request, response) => void text(request).then(() => response.end()).catch(() => undefined))
  const { port, name } = await routed(waiting.url)
  const sent = http.request({ host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': 10 }, agent: false })
  sent.write('half')
  const [answer] = await once(sent, 'response') as [IncomingMessage]
  expect([answer.statusCode, JSON.parse(await text(answer))]).toMatchObject([408, { code: 'REQUEST_TIMEOUT' }])
  expect((await edge.control('GET', `/routes/${name}/metrics`)).body).toMatchObject({ stable: { requests: 1, errors: 0 } })
  sent.on('error', () => undefined).destroy()
  await waiting.stop()
})

test('an answer that stands still is cut off', async () => {
  const stuck = await upstream((_request, response) => response.writeHead(200, { 'content-length': 10 }).write('half'))
  const { url } = await routed(stuck.url)
  const answer = await fetch(url)
  await expect(answer.text()).rejects.toThrow()
  await stuck.stop()
})

test('a kept connection that the version has closed meanwhile costs a GET nothing', async () => {
  // Answers once per connection, promises to keep it, and resets it when the next request arrives.
  let connections = 0
  const forgetful = net.createServer((socket) => {
    connections++
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      socket.once('data', () => socket.resetAndDestroy())
    })
  }).listen(0, '127.0.0.1')
  await once(forgetful, 'listening')
  const { url } = await routed(`http://127.0.0.1:${(forgetful.address() as net.AddressInfo).port}`)
  for (let n = 0; n < 4; n++) expect(await (await fetch(url)).text()).toBe('ok')
  expect(connections).toBeGreaterThan(2)
  await (await fetch(url)).text()
  expect((await fetch(url, { method: 'POST', body: 'pay' })).status).toBe(502) // it may have happened: not sent twice
  forgetful.close()
})

test('open requests are counted on the side that serves them, also when it has left the route', async () => {
  const waiting: http.ServerResponse[] = []
  const slow = await upstream((_request, response) => { waiting.push(response) })
  const { port, name, url } = await routed(slow.url)
  const pending = [fetch(url), fetch(url)]
  await until(() => waiting.length === 2)
  const open = async (id: string) => (await edge.control('GET', `/routes/${name}/sides/${id}`)).body
  expect([await open('one'), await open('two')]).toEqual([{ open: 2 }, { open: 0 }])
  await edge.route(name, { stable: side('two', slow.url), listen: { port } })
  expect(await open('one')).toEqual({ open: 2 })
  await edge.control('DELETE', `/routes/${name}`)
  expect(await open('one')).toEqual({ open: 2 })
  for (const response of waiting) response.end('done')
  expect(await Promise.all(pending.map(async (each) => (await each).text()))).toEqual(['done', 'done'])
  await until(async () => (await edge.control('GET', `/routes/${name}/sides/one`)).status === 404)
  await slow.stop()
})

test('SIGTERM ends open requests first and takes no new ones; what never ends is cut off', async () => {
  let waiting: http.ServerResponse | undefined
  const slow = await upstream((_request, response) => { waiting = response })
  const ending = await EdgeProcess.start()
  await ending.route('web', { stable: side('one', slow.url) })
  const pending = fetch(ending.url)
  await until(() => waiting !== undefined)
  const ended = ending.end('SIGTERM')
  await until(() => ending.log.includes('SIGTERM'))
  await expect(fetch(ending.url)).rejects.toThrow()
  waiting?.end('done')
  expect(await (await pending).text()).toBe('done')
  expect(await ended).toBe(0)
  await ending.dispose()
  const hurried = await EdgeProcess.start({ EDGE_GRACE_MS: '200' })
  await hurried.route('web', { stable: side('one', slow.url) })
  waiting = undefined
  const lost = fetch(hurried.url).catch(() => 'cut off')
  await until(() => waiting !== undefined)
  expect(await hurried.end('SIGTERM')).toBe(0)
  expect(await lost).toBe('cut off')
  await Promise.all([hurried.dispose(), slow.stop()])
})

test('a port someone else holds at start does not take the others down, and is served once it is free', async () => {
  const version = await named('one')
  const restarted = await EdgeProcess.start()
  const [port, taken] = [await freePort(), await freePort()]
  await restarted.route('free', { stable: side('one', version.url), listen: { port } })
  await restarted.route('taken', { stable: side('one', version.url), listen: { port: taken } })
  await restarted.end('SIGKILL')
  const holder = net.createServer().listen(taken, '127.0.0.1')
  await once(holder, 'listening')
  await restarted.start()
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('one')
  expect(await (await fetch(`${restarted.controlUrl}/health`)).json()).toMatchObject({ status: 'degraded', problems: [`port ${taken} on 127.0.0.1 is in use`] })
  holder.close()
  await until(async () => fetch(`http://127.0.0.1:${taken}/`).then(async (answer) => await answer.text() === 'one', () => false))
  await Promise.all([restarted.dispose(), version.stop()])
})
