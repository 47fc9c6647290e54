import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeProcess, freePort } from './edge-process.js'
import { named, side } from './upstream.js'

let edge: EdgeProcess
beforeAll(async () => { edge = await EdgeProcess.start() }, 30_000)
afterAll(() => edge.dispose())

const good = { stable: side('one', 'http://127.0.0.1:1'), candidate: null, percent: 0, sticky: null }

test('only health is told without the token', async () => {
  const refused = { status: 401, body: { code: 'UNAUTHENTICATED' } }
  for (const path of ['/routes', '/routes/web', '/metrics', '/routes/web/metrics', '/nowhere']) expect(await edge.control('GET', path, undefined, 'wrong')).toMatchObject(refused)
  expect(await edge.control('PUT', '/routes/web', good, 'wrong')).toMatchObject(refused)
  expect(await fetch(`${edge.controlUrl}/health`).then((answer) => answer.json())).toMatchObject({ status: 'ok', problems: [] })
})

test('a bad body is turned down by the name of the field and what it may be', async () => {
  const cases: [unknown, RegExp][] = [
    ['{', /body must be JSON/],
    [[], /body/],
    [{ ...good, percent: 101 }, /^percent must be a number from 0 to 100/],
    [{ ...good, percent: 0.001 }, /^percent must be in steps of 0.01, not 0.001/],
    [{ ...good, stable: { id: 'one', version: '1' } }, /^stable.url is missing/],
    [{ ...good, stable: side('one', 'ftp://x') }, /^stable.url must be an http:\/\/ or https:\/\/ URL/],
    [{ ...good, stable: side('one', 'http://x:99999') }, /^stable.url must be a URL that can be asked, not http:\/\/x:99999/],
    [{ ...good, stable: side('one', 'http://me:secret@x') }, /^stable.url must be an http:/],
    [{ ...good, candidate: side('one', 'http://x') }, /^candidate.id must differ from stable.id one/],
    [{ ...good, sticky: { by: 'moon' } }, /^sticky.by must be one of cookie, header, address/],
    [{ ...good, sticky: { by: 'cookie' } }, /^sticky.name is missing/],
    [{ ...good, listen: { port: 70_000 } }, /^listen.port must be a port from 1 to 65535/],
    [{ ...good, weight: 3 }, /^weight is not known here/],
  ]
  for (const [body, message] of cases) {
    const answer = await edge.control('PUT', '/routes/bad', body)
    expect([answer.status, (answer.body as { code: string }).code], JSON.stringify(body)).toEqual([400, 'REQUEST_INVALID'])
    expect((answer.body as { message: string }).message).toMatch(message)
  }
  expect((await edge.control('GET', '/routes/bad')).status).toBe(404)
})

test('an unknown route is a 404 with a code', async () => {
  for (const [method, path] of [['GET', '/routes/none'], ['DELETE', '/routes/none'], ['GET', '/routes/none/metrics'], ['GET', '/routes/none/sides/one']] as const) {
    expect(await edge.control(method, path)).toEqual({ status: 404, body: { code: 'NOT_FOUND', message: 'no route none' } })
  }
})

test('the revision grows with a change and stays without one', async () => {
  const put = async (body: unknown) => ((await edge.control('PUT', '/routes/counted', body)).body as { revision: number }).revision
  const first = await put({ ...good, listen: { port: await freePort() } })
  expect(await put(good)).toBe(first)
  expect(await put({ ...good, percent: 3 })).toBe(first + 1)
  expect(await edge.control('GET', '/routes/counted')).toMatchObject({ body: { revision: first + 1, percent: 3 } })
})

test('a port in use is a 409 naming it, and the old route stays in force', async () => {
  const version = await named('one')
  const port = await freePort()
  await edge.route('ported', { stable: side('one', version.url), listen: { port } })
  const other = net.createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const taken = (other.address() as AddressInfo).port
  expect(await edge.control('PUT', '/routes/ported', { ...good, listen: { port: taken } })).toEqual({ status: 409, body: { code: 'PORT_UNAVAILABLE', message: `port ${taken} on 127.0.0.1 is in use` } })
  expect(await edge.control('GET', '/routes/ported')).toMatchObject({ body: { listen: { port }, stable: { url: version.url } } })
  expect(await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())).toBe('one')
  other.close()
  await version.stop()
})

test('two routes cannot take the same requests', async () => {
  const port = await freePort()
  await edge.route('first', { ...good, listen: { port, host: 'a.example.com', path: '/api' } })
  expect(await edge.control('PUT', '/routes/second', { ...good, listen: { port, host: 'A.example.com', path: '/api/' } })).toMatchObject({ status: 409, body: { code: 'LISTEN_CONFLICT', message: expect.stringContaining('route first') as string } })
})

test('a removed route frees its port', async () => {
  const port = await freePort()
  await edge.route('gone', { ...good, listen: { port } })
  expect(await edge.control('DELETE', '/routes/gone')).toEqual({ status: 200, body: { removed: true } })
  const next = net.createServer().listen(port, '127.0.0.1')
  await once(next, 'listening')
  next.close()
})

test('the same split is in force after a kill -9', async () => {
  const [one, two] = [await named('one'), await named('two')]
  const first = await EdgeProcess.start()
  await first.route('web', { stable: side('one', one.url), candidate: side('two', two.url), percent: 50, sticky: { by: 'header', name: 'x-user' } })
  const before = (await first.control('GET', '/routes')).body
  const ask = () => Promise.all(Array.from({ length: 40 }, async (_, n) => fetch(first.url, { headers: { 'x-user': `user-${n}` } }).then((answer) => answer.text())))
  const sides = await ask()
  expect(new Set(sides)).toEqual(new Set(['one', 'two']))
  expect(await first.end('SIGKILL')).toBe('SIGKILL')
  await first.start()
  expect((await first.control('GET', '/routes')).body).toEqual(before)
  expect(await ask()).toEqual(sides)
  await Promise.all([first.dispose(), one.stop(), two.stop()])
})

test('a kill -9 in the middle of changes leaves one of them in force, never half of one', async () => {
  const victim = await EdgeProcess.start()
  await victim.route('web', { ...good, candidate: side('two', 'http://127.0.0.1:2'), percent: 0 })
  let answered = 0
  const changes = (async () => {
    for (let percent = 1; percent <= 100; percent++) {
      await victim.control('PUT', '/routes/web', { ...good, candidate: side('two', 'http://127.0.0.1:2'), percent })
      answered = percent
      if (percent === 20) void victim.end('SIGKILL')
    }
  })().catch(() => undefined)
  await changes
  expect(answered).toBeLessThan(100)
  await victim.start()
  const { percent } = (await victim.control('GET', '/routes/web')).body as { percent: number }
  expect(percent).toBeGreaterThanOrEqual(answered)
  expect(percent).toBeLessThanOrEqual(answered + 1)
  await victim.dispose()
})

test('a state file that cannot be understood is kept aside and reported', async () => {
  const damaged = await EdgeProcess.start({}, (dir) => writeFile(join(dir, 'state.json'), '{"revision":7,"routes":[{"na'))
  const health = await fetch(`${damaged.controlUrl}/health`).then(async (answer) => answer.json() as Promise<{ status: string; problems: string[] }>)
  expect(health.status).toBe('degraded')
  const aside = (await readdir(damaged.dir)).filter((file) => file.startsWith('state.json.corrupt-'))
  expect(aside).toHaveLength(1)
  expect(health.problems[0]).toContain(aside[0])
  expect(await readFile(join(damaged.dir, aside[0] ?? ''), 'utf8')).toBe('{"revision":7,"routes":[{"na')
  await damaged.route('web', good)
  await damaged.dispose()
})

test('a change that cannot be written is not in force', async () => {
  const blocked = await EdgeProcess.start({}, (dir) => mkdir(join(dir, 'state.json.next')).then(() => undefined))
  expect(await blocked.control('PUT', '/routes/web', good)).toMatchObject({ status: 500, body: { code: 'STATE_NOT_WRITTEN' } })
  expect((await blocked.control('GET', '/routes')).body).toEqual([])
  await expect(fetch(blocked.url)).rejects.toThrow()
  await blocked.dispose()
})

test('a change meant for an older revision is refused, so that a late request cannot undo a newer one', async () => {
  const put = (percent: number, ifMatch?: string) => fetch(`${edge.controlUrl}/routes/late`, {
    method: 'PUT', headers: { authorization: `Bearer ${token}`, ...ifMatch !== undefined && { 'if-match': ifMatch } },
    body: JSON.stringify({ stable: side('one', 'http://127.0.0.1:1'), candidate: side('two', 'http://127.0.0.1:2'), percent, sticky: null, listen }),
  })
  const [token, listen] = [await edge.token(), { port: await freePort() }]
  const { revision } = await (await put(10)).json() as { revision: number }
  expect((await put(50, `"${revision}"`)).status).toBe(200)
  const late = await put(30, `"${revision}"`)
  expect([late.status, (await late.json() as { code: string }).code]).toEqual([412, 'CHANGED'])
  expect((await edge.control('GET', '/routes/late')).body).toMatchObject({ percent: 50 })
  expect((await put(50, `"${revision}"`)).status).toBe(200) // the same again, delivered twice, is no harm
  expect((await put(60, '*')).status).toBe(400)
})
