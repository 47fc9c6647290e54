import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort } from './edge-process.js'
import { named, side, type TestUpstream } from './upstream.js'

let edge: EdgeProcess
let [one, two]: TestUpstream[] = []
let url = ''
beforeAll(async () => { [edge, one, two] = [await EdgeProcess.start(), await named('one'), await named('two')] }, 30_000)
afterAll(() => Promise.all([edge.dispose(), one?.stop(), two?.stop()]))

async function route(name: string, percent: number, more: object = {}): Promise<void> {
  const current = await edge.control('GET', `/routes/${name}`)
  const listen = current.status === 200 ? (current.body as { listen: { port: number } }).listen : { port: await freePort() }
  await edge.route(name, { stable: side('one', one?.url ?? ''), candidate: side('two', two?.url ?? ''), percent, listen, ...more })
  url = `http://127.0.0.1:${listen.port}/`
}
const get = (headers: Record<string, string> = {}, path = ''): Promise<Response> => fetch(url + path, { headers })

test('one version alone gets everything, and 100 % is everything', async () => {
  const answers = async () => new Set(await Promise.all(Array.from({ length: 20 }, async () => (await get()).text())))
  await route('alone', 50, { candidate: null })
  expect(await answers()).toEqual(new Set(['one']))
  await route('alone', 0, { stable: null })
  expect(await answers()).toEqual(new Set(['two']))
  await route('alone', 100)
  expect(await answers()).toEqual(new Set(['two']))
  await route('alone', 0)
  expect(await answers()).toEqual(new Set(['one']))
})

test('a client without the cookie gets one from the gateway, and it wins over the one the application sets later', async () => {
  await route('cookied', 50, { sticky: { by: 'cookie', name: 'sid' } })
  for (let n = 0; n < 20; n++) {
    const first = await get()
    const [cookie = '', ...attributes] = (first.headers.get('set-cookie') ?? '').split('; ')
    expect(cookie).toMatch(/^releasectl_cookied=.+/)
    expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly']))
    const again = await get({ cookie: `theme=dark; sid=made-later-${n}; ${cookie}` })
    expect(again.headers.get('set-cookie')).toBeNull()
    expect(await again.text()).toBe(await first.text())
  }
})

test('a client with the cookie stays where its value puts it, and gets no other', async () => {
  await route('named', 50, { sticky: { by: 'cookie', name: 'sid' } })
  const sides = new Set<string>()
  for (let n = 0; n < 20; n++) {
    const answers = await Promise.all(Array.from({ length: 4 }, async () => get({ cookie: `xsid=other; sid=user-${n}` })))
    expect(answers.map((answer) => answer.headers.get('set-cookie'))).toEqual([null, null, null, null])
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())))
    expect(bodies.size).toBe(1)
    for (const body of bodies) sides.add(body)
  }
  expect(sides.size).toBe(2)
})

test('without the header, and by address, a client stays on one side', async () => {
  for (const sticky of [{ by: 'header', name: 'x-user' }, { by: 'address' }]) {
    await route('addressed', 50, { sticky })
    expect(new Set(await Promise.all(Array.from({ length: 20 }, async () => (await get()).text()))).size).toBe(1)
  }
})

test('an answer tells which version and release gave it', async () => {
  await route('told', 100, { candidate: { id: 'r-7', version: '2.4.0 β', url: two?.url } })
  const { headers } = await get()
  expect(headers.get('x-release-version')).toBe('2.4.0 %CE%B2')
  expect(headers.get('x-release-id')).toBe('r-7')
})

test('routes on one port are told apart by host and by the longest path', async () => {
  const port = await freePort()
  const listening = (listen: object) => ({ candidate: null, listen: { port, ...listen } })
  await route('any', 0, listening({}))
  await edge.route('api', { stable: side('two', two?.url ?? ''), listen: { port, path: '/api' } })
  await edge.route('api-v1', { stable: side('one', one?.url ?? ''), listen: { port, path: '/api/v1/' } })
  url = `http://127.0.0.1:${port}/`
  const bodyOf = async (path: string) => (await get({}, path)).text()
  expect(await Promise.all(['', 'api', 'api/x', 'api?x=1', 'apis', 'api/v1', 'api/v1/x'].map(bodyOf))).toEqual(['one', 'two', 'two', 'two', 'one', 'one', 'one'])
})

test('each version\'s requests, errors and times are counted', async () => {
  await route('counted', 25)
  for (let n = 0; n < 8; n++) await (await get()).text()
  await two?.stop()
  for (let n = 0; n < 4; n++) await (await get()).text()
  const { body } = await edge.control('GET', '/routes/counted/metrics')
  expect(body).toMatchObject({ stable: { requests: 9, errors: 0 }, candidate: { requests: 3, errors: 1 } })
  const { stable } = body as { stable: { latency: { count: number }[] } }
  expect(stable.latency.at(-1)?.count).toBe(9)
  const text = (await edge.control('GET', '/metrics')).body as string
  const labels = 'route="counted",side="candidate",version="two.0",release="two"'
  expect(text).toContain(`releasectl_edge_requests_total{${labels},code="2xx"} 2\n`)
  expect(text).toContain(`releasectl_edge_requests_total{${labels},code="5xx"} 1\n`)
  expect(text).toContain(`releasectl_edge_request_errors_total{${labels}} 1\n`)
  expect(text).toContain(`releasectl_edge_request_duration_seconds_bucket{${labels},le="+Inf"} 3\n`)
  expect(text).toContain(`releasectl_edge_request_duration_seconds_count{${labels}} 3\n`)
  two = await named('two')
})
