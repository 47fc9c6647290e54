import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { caddy } from '../../drivers/traffic/caddy/caddy.js'
import type { TrafficPort } from '../../drivers/traffic/port.js'
import { freePort } from '../edge/edge-process.js'
import { side, upstream } from '../edge/upstream.js'
import { serverStand, type ServerStand } from '../support/gateways/servers.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { trafficContract } from './traffic.js'

const TIMES = { timeoutMs: 10_000 }

trafficContract('caddy that reads its routes from files', {
  can: { sticky: [], match: [], mirror: false, makesRoutes: false, percentStep: 0.01 },
}, async () => {
  const { folder, listen, running, settings: own, configuration, stop } = await serverStand('caddy-file')
  const unread = join(folder, 'unread')
  await cp(String(own['folder']), unread, { recursive: true })
  const silent = await upstream(() => undefined)
  return {
    port: caddy.create({ ...own, ...TIMES }, 'front'),
    unreachable: [caddy.create({ ...own, admin: `http://127.0.0.1:${await freePort()}`, timeoutMs: 1000 }, 'gone'), caddy.create({ ...own, admin: silent.url, timeoutMs: 100 }, 'silent')],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) {
        const file = join(String(own['folder']), 'app')
        await writeFile(file, (await readFile(file, 'utf8')).replace(/^\S+/u, Math.round(percent / 100 * 2 ** 32).toString(16)))
      },
      liar: caddy.create({ ...own, folder: unread, ...TIMES }, 'liar'),
    },
    async stop() { await Promise.all([stop(), silent.stop()]) },
  }
})

describe('caddy that reads its routes from files', () => {
  let stand: ServerStand
  let front: TrafficPort
  let file = ''
  beforeAll(async () => {
    stand = await serverStand('caddy-file')
    file = join(String(stand.settings['folder']), 'app')
    front = caddy.create({ ...stand.settings, ...TIMES }, 'front')
  }, INSTALL_TIMEOUT_MS)
  afterAll(() => stand.stop())
  const [one, two] = [side('r-1', 'http://127.0.0.1:1'), side('r-2', 'http://127.0.0.1:2')]

  test('a version that another hand has moved is not taken for the one before', async () => {
    expect(await front.setSplit('app', { stable: one, candidate: two, percent: 10, sticky: null })).toMatchObject({ refused: false })
    await writeFile(file, (await readFile(file, 'utf8')).replace('127.0.0.1:2 ', '127.0.0.1:9 '))
    expect(await front.read('app')).toMatchObject({ stable: one, candidate: { id: 'unknown', url: 'http://127.0.0.1:9' }, percent: 10 })
  })

  test.each([
    ['https', 'https://10.0.0.5', /speaks http to versions, not https:\/\/10\.0\.0\.5/], ['a path', 'http://10.0.0.5/v2', /a scheme, a host and a port only, not \/v2/],
  ])('a version by %s is refused, and the file is as it was', async (_what, url, reason) => {
    const before = await readFile(file, 'utf8')
    expect(await front.setSplit('app', { stable: one, candidate: { ...two, url }, percent: 10, sticky: null })).toMatchObject({ refused: true, reason: expect.stringMatching(reason) as string })
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  test('a route whose first file nobody has written is refused, with what to write', async () => {
    await rm(file)
    expect(await front.setSplit('app', { stable: one, candidate: two, percent: 10, sticky: null })).toEqual({ refused: true, reason: `${file} is not there: write it first, for example "0 10.0.0.5:8080 -"` })
  })
})
