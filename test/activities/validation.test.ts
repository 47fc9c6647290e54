import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { callOf, kindWorld } from './kind-world.js'

const open: { close(): unknown }[] = []
afterEach(() => { for (const server of open.splice(0)) server.close() })

async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const check = (config: JsonObject): ReturnType<typeof callOf> => callOf('validation', { retry: 0, successThreshold: 1, interval: '50ms', ...config })

test('every endpoint must answer as the plan says', async () => {
  const world = await kindWorld()
  const port = await serve((request, response) => {
    response.statusCode = request.url === '/teapot' ? 418 : 200
    response.end(`${request.method} ${String(request.headers['x-key'])}`)
  })
  const url = `http://127.0.0.1:${port}`
  const endpoints = [{ url: `${url}/teapot`, expectedStatus: 418 }, { url: `${url}/`, expectedStatus: 200, method: 'POST', headers: { 'x-key': { $late: [{ secret: 'env:TOKEN' }] } }, contains: 'POST hunter2' }]
  expect((await world.execute(check({ endpoints }))).outputs).toEqual({ healthy: true, checked: [`${url}/teapot`, `${url}/`] })
  await expect(world.execute(check({ endpoints: [{ ...endpoints[1], contains: 'bye' }] as JsonObject[] })))
    .rejects.toMatchObject({ type: 'CHECK_FAILED', message: `${url}/: expected the body to hold "bye", got "POST ***"` })
})

test('a service that becomes healthy in time is waited for; successes must come in a row', async () => {
  const world = await kindWorld()
  let asked = 0
  const port = await serve((_request, response) => {
    asked += 1
    response.statusCode = [2, 4, 5, 6].includes(asked) ? 200 : 503
    response.end()
  })
  const call = check({ type: 'http', url: `http://127.0.0.1:${port}/`, retry: 5, successThreshold: 3 })
  await world.execute(call)
  expect(asked).toBe(6)
  expect(world.logs.text('info').split('\n').filter((line) => line.endsWith('healthy')).length).toBe(4)
})

test('a service that stays ill fails after its retries, with what was expected and what came', async () => {
  const world = await kindWorld()
  let asked = 0
  const port = await serve((_request, response) => { asked += 1; response.statusCode = 500; response.end('boom') })
  await expect(world.execute(check({ type: 'http', url: `http://127.0.0.1:${port}/`, retry: 2 }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: `http://127.0.0.1:${port}/: expected status 200, got 500 boom` })
  expect(asked).toBe(3)
})

test('a secret that the far side repeats is taken out before its words are cut', async () => {
  const world = await kindWorld()
  const port = await serve((request, response) => { response.statusCode = 400; response.end(`${'x'.repeat(195)}${String(request.headers['x-key'])}`) })
  await expect(world.execute(check({ endpoints: [{ url: `http://127.0.0.1:${port}/`, expectedStatus: 200, headers: { 'x-key': { $late: [{ secret: 'env:TOKEN' }] } } }] })))
    .rejects.toMatchObject({ message: expect.stringMatching(/got 400 x{195}\*{3}$/) as string })
})

test('each time it asks by a new connection', async () => {
  const world = await kindWorld()
  const from = new Set<number | undefined>()
  const port = await serve((request, response) => { from.add(request.socket.remotePort); response.end() })
  await world.execute(check({ type: 'http', url: `http://127.0.0.1:${port}/`, successThreshold: 3, retry: 5 }))
  expect(from.size).toBe(3)
})

test('a service that never answers fails after the time it had', async () => {
  const world = await kindWorld()
  const port = await serve(() => undefined)
  await expect(world.execute(check({ type: 'http', url: `http://127.0.0.1:${port}/`, timeout: '200ms' }))).rejects.toMatchObject({ message: expect.stringContaining('expected an answer within 200ms, got none') as string })
})

test('a port is checked by connecting to it', async () => {
  const world = await kindWorld()
  const port = await serve(() => undefined)
  await world.execute(check({ type: 'tcp', host: '127.0.0.1', port }))
  for (const server of open.splice(0)) server.close()
  await expect(world.execute(check({ type: 'tcp', host: '127.0.0.1', port }))).rejects.toMatchObject({ message: `127.0.0.1:${port}: expected a connection, got ECONNREFUSED` })
})

test('a script is asked again on every try', async () => {
  const world = await kindWorld()
  const script = 'case "$RELEASECTL_IDEMPOTENCY_KEY" in */3) exit 0;; *) echo "not yet $name" >&2; exit 1;; esac'
  await world.execute({ ...check({ type: 'script', script, retry: 2 }), variables: { name: 'shop' } })
  await expect(world.execute({ ...check({ type: 'script', script, retry: 1 }), variables: { name: 'shop' } })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'script: the script ended with exit code 1:\nnot yet shop' })
})
