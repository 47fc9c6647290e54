import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApisixTraffic } from '../../drivers/traffic/apisix/apisix.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import { freePort } from '../edge/edge-process.js'
import { side, upstream } from '../edge/upstream.js'
import { apisixAdmin as admin, apisixStand, writeApisixRoute } from '../support/gateways/doubles.js'
import { ApisixDouble } from '../testbed/apisix-double.js'
import { trafficContract } from './traffic.js'

const driver = ({ adminUrl, key }: ApisixDouble): ApisixTraffic => new ApisixTraffic({ admin: adminUrl, key, timeoutMs: 5000 })

trafficContract('apisix (a double)', {
  can: { sticky: [], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 }, exactShare: true,
}, async () => {
  const [stand, liar] = [await apisixStand(), await ApisixDouble.start()]
  const { double, running, listen, configuration } = stand
  await writeApisixRoute(liar, new URL(running.stable.side.url).host)
  liar.lies = true
  const silent = await upstream(() => undefined)
  return {
    port: new ApisixTraffic({ admin: double.adminUrl, key: double.key, metrics: double.metricsUrl, timeoutMs: 5000 }),
    unreachable: [new ApisixTraffic({ admin: `http://127.0.0.1:${await freePort()}`, key: 'any', timeoutMs: 1000 }), new ApisixTraffic({ admin: silent.url, key: 'any', timeoutMs: 100 })],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) {
        const { value } = await admin(double, 'GET', 'routes/app') as { value: { plugins: { 'traffic-split': { rules: { weighted_upstreams: { weight: number }[] }[] } } } }
        const [rule] = value.plugins['traffic-split'].rules
        rule?.weighted_upstreams.forEach((entry, n) => { entry.weight = n === 0 ? percent : 100 - percent })
        await admin(double, 'PATCH', 'routes/app/plugins', value.plugins)
      },
      liar: driver(liar),
    },
    async stop() { await Promise.all([stand.stop(), liar.stop(), silent.stop()]) },
  }
})

describe('apisix', () => {
  let double: ApisixDouble
  beforeAll(async () => { double = await ApisixDouble.start() })
  afterAll(() => double.stop())
  const split = (percent: number, more: Partial<RouteSplit> = {}): RouteSplit =>
    ({ stable: side('configured', 'http://10.0.0.1:8080'), candidate: side('r-7', 'http://10.0.0.2:8080'), percent, sticky: null, ...more })
  const asConfigured = { id: 'configured', version: 'configured', url: 'http://10.0.0.1:8080' }

  // Shapes: plugins/traffic-split.md (canary, match by header), plugins/proxy-mirror.md, admin-api.md (Route).
  test.each([
    ['canary', { percent: 40 }],
    ['match', { percent: 0, match: [{ by: 'header', name: 'release', value: 'new_release' }, { by: 'cookie', name: 'tester', value: 'yes' }] }],
    ['mirror', { percent: 0, mirrorPercent: 50 }],
    ['all', { percent: 100 }],
    ['finished', { stable: side('r-7', 'http://10.0.0.2:8080'), candidate: null, percent: 0 }],
  ] as [string, Partial<RouteSplit>][])('asks for %s in the documented shape', async (name, more) => {
    await admin(double, 'PUT', 'routes/headers', { uri: '/headers', upstream: { type: 'roundrobin', nodes: { '10.0.0.1:8080': 1 }, pass_host: 'node' } })
    double.asked.length = 0
    expect(await driver(double).setSplit('headers', split(0, { stable: asConfigured, ...more }))).toMatchObject({ refused: false })
    const put = double.asked.find(({ method }) => method === 'PUT')
    expect(put?.path).toBe('/apisix/admin/routes/headers')
    expect({ ...put?.body as object, create_time: undefined }).toEqual(JSON.parse(readFileSync(new URL(`golden/apisix/${name}.json`, import.meta.url), 'utf8')))
  })

  test('a wrong key is a refusal that does not tell the key', async () => {
    await admin(double, 'PUT', 'routes/keyed', { uri: '/keyed', upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    const wrong = new ApisixTraffic({ admin: double.adminUrl, key: 'guessed-key', timeoutMs: 5000 }, 'front')
    const failing = { type: 'TARGET_REFUSED', nonRetryable: true, message: `front at ${double.adminUrl} does not tell about routes/keyed: failed to check token: wrong apikey` }
    await expect(wrong.read('keyed')).rejects.toMatchObject(failing)
    await expect(wrong.setSplit('keyed', split(10))).rejects.toMatchObject(failing)
    await expect(wrong.restore('keyed', null)).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
  })

  test('an export without the label upstream_addr counts no version, and that is told', async () => {
    await admin(double, 'PUT', 'routes/counted', { uri: '/counted', upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    const plain = await upstream((_request, response) => response.end('apisix_http_status{code="200",route="counted",matched_uri="/counted",matched_host="",service="",consumer="",node="10.0.0.1"} 4\n'))
    const { adminUrl, key } = double
    await expect(new ApisixTraffic({ admin: adminUrl, key, metrics: plain.url, timeoutMs: 5000 }, 'front').metrics?.('counted')).rejects
      .toMatchObject({ type: 'CONFIG_INVALID', message: `front at ${plain.url}: its metric http_status has no extra label upstream_addr, so it does not count by version` })
    expect(driver(double).metrics).toBeUndefined()
    await plain.stop()
  })

  test('an etcd that is away is asked again later, not refused', async () => {
    double.etcdIsAway = 'has no healthy etcd endpoint available'
    try { await expect(driver(double).read('keyed')).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('no healthy etcd endpoint') as string }) }
    finally { double.etcdIsAway = null }
  })

  test('what its schema forbids is refused in its own words, and nothing has changed', async () => {
    await admin(double, 'PUT', 'routes/strict', { uri: '/strict', upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    const before = double.stored('/apisix/routes/strict')
    const answer = await driver(double).setSplit('strict', split(10, { stable: asConfigured, candidate: side('r'.repeat(300), 'http://10.0.0.2:8080') }))
    expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/^invalid configuration: property "labels" validation failed/) as string })
    expect(double.stored('/apisix/routes/strict')).toBe(before)
  })

  test('a route whose upstream is an object of its own keeps it while the candidate is tried, and again when it is put back', async () => {
    await admin(double, 'PUT', 'upstreams/shop-servers', { type: 'roundrobin', scheme: 'http', nodes: [{ host: '10.0.0.1', port: 8080, weight: 1 }, { host: '10.0.0.9', port: 8080, weight: 1 }] })
    await admin(double, 'PUT', 'routes/by-id', { uri: '/by-id', upstream_id: 'shop-servers' })
    const traffic = driver(double)
    const [before, bytes] = [await traffic.read('by-id'), double.stored('/apisix/routes/by-id')]
    expect(before).toMatchObject({ stable: asConfigured, candidate: null })
    await traffic.setSplit('by-id', split(25, { stable: before?.stable ?? null }))
    expect(JSON.parse(double.stored('/apisix/routes/by-id'))).toMatchObject({ upstream_id: 'shop-servers' })
    await traffic.setSplit('by-id', split(0, { stable: side('r-7', 'http://10.0.0.2:8080'), candidate: null }))
    expect(JSON.parse(double.stored('/apisix/routes/by-id'))).not.toHaveProperty('upstream_id')
    expect(await traffic.restore('by-id', before)).toEqual({ refused: false, split: before })
    expect(double.stored('/apisix/routes/by-id')).toBe(bytes)
  })

  test('a version that is an upstream of APISIX\'s own is found by its name, and named rather than copied', async () => {
    const nodes = { '10.0.0.7:8080': 1, '10.0.0.8:8080': 1 }
    await admin(double, 'PUT', 'upstreams/payment-1.2.3', { type: 'roundrobin', nodes })
    await admin(double, 'PUT', 'routes/payment', { uri: '/payment', upstream: { type: 'roundrobin', nodes: { '10.0.0.1:8080': 1 } } })
    const traffic = driver(double)
    expect(await traffic.locate('payment', '1.2.4')).toBeNull()
    const candidate = { id: 'r-8', version: '1.2.3', url: await traffic.locate('payment', '1.2.3') ?? '' }
    expect(candidate.url).toBe('http://10.0.0.7:8080')
    const wanted = split(20, { stable: asConfigured, candidate })
    expect(await traffic.setSplit('payment', wanted)).toMatchObject({ refused: false, split: wanted })
    expect(JSON.parse(double.stored('/apisix/routes/payment'))).toMatchObject({ plugins: { 'traffic-split': { rules: [{ weighted_upstreams: [{ upstream_id: 'payment-1.2.3', weight: 1 }, { weight: 4 }] }] } } })
    expect(await traffic.setSplit('payment', split(0, { stable: candidate, candidate: null }))).toMatchObject({ refused: false, split: { stable: candidate, candidate: null } })
    const route = JSON.parse(double.stored('/apisix/routes/payment')) as Record<string, unknown>
    expect(route).toMatchObject({ upstream_id: 'payment-1.2.3' })
    expect(route).not.toHaveProperty('upstream')
  })

  test('a route with a traffic-split or proxy-mirror of its own is left alone', async () => {
    const own = { 'traffic-split': { rules: [{ weighted_upstreams: [{ weight: 1 }] }] }, 'proxy-mirror': { host: 'http://10.0.0.5:80' } }
    await admin(double, 'PUT', 'routes/own', { uri: '/own', plugins: { 'proxy-mirror': own['proxy-mirror'] }, upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    const traffic = driver(double)
    expect(await traffic.setSplit('own', split(0, { stable: asConfigured, mirrorPercent: 10 }))).toEqual({ refused: true, reason: 'the route has a proxy-mirror of its own' })
    expect(await traffic.setSplit('own', split(10, { stable: asConfigured }))).toMatchObject({ refused: false })
    expect(JSON.parse(double.stored('/apisix/routes/own'))).toMatchObject({ plugins: { 'proxy-mirror': own['proxy-mirror'] } })
    await admin(double, 'PUT', 'routes/own', { uri: '/own', plugins: own, upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    expect(await traffic.setSplit('own', split(10, { stable: asConfigured }))).toEqual({ refused: true, reason: 'the route has a traffic-split of its own' })
  })

  test('a mirror beside a share of the requests is refused: APISIX copies those of both sides', async () => {
    await admin(double, 'PUT', 'routes/copy', { uri: '/copy', upstream: { nodes: { '10.0.0.1:8080': 1 } } })
    expect(await driver(double).setSplit('copy', split(10, { stable: asConfigured, mirrorPercent: 50 }))).toMatchObject({ refused: true, reason: expect.stringContaining('both sides') as string })
  })
})
