import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CaddyTraffic } from '../../drivers/traffic/caddy/caddy.js'
import { freePort } from '../edge/edge-process.js'
import { side, upstream } from '../edge/upstream.js'
import { caddyAdmin as admin, serverStand, type ServerStand } from '../support/gateways/servers.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { trafficContract } from './traffic.js'

trafficContract('caddy', {
  can: { sticky: [], match: ['header', 'cookie'], mirror: false, makesRoutes: false, percentStep: 1 }, exactShare: true, hangsUp: true,
}, async () => {
  const { admin: port, listen, running, settings, configuration, stop } = await serverStand('caddy')
  const base = `http://127.0.0.1:${port}`
  const silent = await upstream(() => undefined)
  // Says 200 to every change, and hands on only what reads.
  const liar = await upstream((request, response) => {
    if (request.method !== 'GET') { request.resume(); response.end(); return }
    void fetch(`${base}${request.url}`, { headers: { origin: base } }).then(async (answer) => { response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' }).end(await answer.text()) })
  })
  return {
    port: new CaddyTraffic({ admin: base, log: String(settings['log']), timeoutMs: 10_000 }),
    unreachable: [new CaddyTraffic({ admin: `http://127.0.0.1:${await freePort()}`, timeoutMs: 1000 }), new CaddyTraffic({ admin: silent.url, timeoutMs: 100 })],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) {
        const path = '/id/app/routes/1/handle/0/load_balancing/selection_policy'
        const { status, text } = await admin(base, path, 'PATCH', { policy: 'weighted_round_robin', weights: [100 - percent, percent] })
        if (status !== 200) throw new Error(text)
      },
      liar: new CaddyTraffic({ admin: liar.url, timeoutMs: 10_000 }),
    },
    async stop() { await Promise.all([stop(), silent.stop(), liar.stop()]) },
  }
})

describe('caddy', () => {
  let stand: ServerStand
  let base = ''
  let caddy: CaddyTraffic
  beforeAll(async () => {
    stand = await serverStand('caddy')
    base = `http://127.0.0.1:${stand.admin}`
    caddy = new CaddyTraffic({ admin: base, timeoutMs: 10_000 }, 'front')
  }, INSTALL_TIMEOUT_MS)
  afterAll(() => stand.stop())
  const [one, two] = [side('r-1', 'http://127.0.0.1:1'), side('r-2', 'http://127.0.0.1:2')]

  /** A reverse_proxy in the place of the route. */
  const written = async (handler: object): Promise<void> => { expect(await admin(base, '/id/app', 'PATCH', { '@id': 'app', ...handler })).toMatchObject({ status: 200 }) }

  test('everything else its operator has written into the reverse_proxy stays, and several upstreams keep their shares', async () => {
    const operators = { handler: 'reverse_proxy', flush_interval: -1, load_balancing: { retries: 2, selection_policy: { policy: 'weighted_round_robin', weights: [2, 1] } }, upstreams: [{ dial: '127.0.0.1:7', max_requests: 5 }, { dial: '127.0.0.1:8' }] }
    await written(operators)
    const { text: bytes } = await admin(base, '/config/')
    const before = await caddy.read('app')
    expect(before).toMatchObject({ stable: { id: 'configured', url: 'http://127.0.0.1:7' }, candidate: null, percent: 0 })
    expect(await caddy.setSplit('app', { stable: before?.stable ?? null, candidate: two, percent: 10, sticky: null })).toMatchObject({ refused: false, split: { percent: 10 } })
    expect(JSON.parse((await admin(base, '/id/app/routes/1/handle/0')).text)).toEqual({
      ...operators, load_balancing: { retries: 2, selection_policy: { policy: 'weighted_round_robin', weights: [6, 3, 1] } }, upstreams: [...operators.upstreams, { dial: '127.0.0.1:2' }],
    })
    expect(await caddy.restore('app', before)).toEqual({ refused: false, split: before })
    expect((await admin(base, '/config/')).text).toBe(bytes)
  })

  test('a configuration that Caddy cannot load is refused in its own words, and the old one stays', async () => {
    await written({ handler: 'reverse_proxy', upstreams: [{ dial: '127.0.0.1:1' }] })
    const { text: bytes } = await admin(base, '/config/')
    const before = await caddy.read('app')
    const broken = { '@id': 'app', handler: 'reverse_proxy', no_such_option: true, upstreams: [{ dial: '127.0.0.1:1' }] }
    expect(await caddy.restore('app', before && { ...before, original: { handler: broken } })).toMatchObject({ refused: true, reason: expect.stringMatching(/unknown field "no_such_option"/) as string })
    expect((await admin(base, '/config/')).text).toBe(bytes)
  })

  test('another hand that is faster is noticed by the Etag, and its change is not written over', async () => {
    await written({ handler: 'reverse_proxy', upstreams: [{ dial: '127.0.0.1:1' }] })
    const between = await upstream((request, response) => {
      void (async () => {
        const chunks = await request.toArray() as Buffer[]
        if (request.method === 'PATCH') await admin(base, '/id/app/upstreams', 'PATCH', [{ dial: '127.0.0.1:9' }])
        const ask = (): Promise<Response> => fetch(`${base}${request.url}`, { method: request.method ?? 'GET', headers: { origin: base, 'content-type': 'application/json', 'if-match': request.headers['if-match'] ?? '' }, ...chunks.length > 0 && { body: Buffer.concat(chunks) } })
        const answer = await ask().catch(ask) // after a change Caddy closes the connections to its admin API
        response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' }).end(await answer.text())
      })()
    })
    await expect(new CaddyTraffic({ admin: between.url, timeoutMs: 10_000 }, 'front').setSplit('app', { stable: one, candidate: two, percent: 10, sticky: null }))
      .rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('somebody else has changed app') as string })
    expect((await admin(base, '/id/app/upstreams')).text.trim()).toBe('[{"dial":"127.0.0.1:9"}]')
    await between.stop()
  })

  test('an @id that is no reverse_proxy is told, not replaced', async () => {
    await written({ handler: 'static_response', body: 'closed' })
    await expect(caddy.read('app')).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('app is a static_response') as string })
    await expect(caddy.setSplit('app', { stable: one, candidate: two, percent: 10, sticky: null })).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
  })
})
