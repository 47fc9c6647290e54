import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NginxTraffic } from '../../drivers/traffic/nginx/nginx.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import type { NginxSettings } from '../../drivers/traffic/nginx/settings.js'
import { freePort } from '../edge/edge-process.js'
import { upstream } from '../edge/upstream.js'
import { serverStand } from '../support/gateways/servers.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { trafficContract } from './traffic.js'

/** A real nginx whose route `app` its operator has written. */
async function start() {
  const stand = await serverStand('nginx')
  return { stand, stable: stand.running.stable, candidate: stand.running.candidate, file: join(String(stand.settings['folder']), 'app.conf'), settings: { binary: 'nginx', timeoutMs: 10_000, ...stand.settings } as unknown as NginxSettings }
}
type World = Awaited<ReturnType<typeof start>>

const reload = async ({ settings }: World): Promise<void> => { process.kill(Number(await readFile(settings.pid, 'utf8')), 'SIGHUP') }

trafficContract('nginx', {
  can: { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 },
}, async () => {
  const world = await start()
  const silent = await upstream(() => undefined)
  const { settings, file, stable, candidate } = world
  return {
    port: new NginxTraffic(settings),
    unreachable: [new NginxTraffic({ ...settings, check: `127.0.0.1:${await freePort()}` }), new NginxTraffic({ ...settings, check: `127.0.0.1:${silent.port}`, timeoutMs: 100 })],
    stable: stable.side, candidate: candidate.side, running: { stable, candidate },
    own: {
      route: { name: 'app', listen: world.stand.listen },
      configuration: world.stand.configuration,
      async meddle(percent) {
        await writeFile(file, (await readFile(file, 'utf8')).replace(/[\d.]+% candidate;/, `${percent}% candidate;`))
        await reload(world)
      },
      liar: new NginxTraffic({ ...settings, reload: ['true'], timeoutMs: 500 }),
    },
    async stop() { await Promise.all([world.stand.stop(), silent.stop()]) },
  }
})

describe('nginx', () => {
  let world: World
  let nginx: NginxTraffic
  beforeAll(async () => {
    world = await start()
    nginx = new NginxTraffic(world.settings, 'front')
  }, INSTALL_TIMEOUT_MS)
  afterAll(() => world.stand.stop())
  const split = (percent: number, more: Partial<RouteSplit> = {}): RouteSplit => ({ stable: world.stable.side, candidate: world.candidate.side, percent, sticky: null, ...more })
  const text = (): Promise<string> => readFile(world.file, 'utf8')

  test('what nginx -t does not take is refused in its own words, and the file is as it was', async () => {
    const before = await text()
    const answer = await nginx.setSplit('app', split(10, { candidate: { id: 'r-2', version: '2', url: 'http://no-such-host.invalid:80' } }))
    expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/host not found in upstream "no-such-host.invalid:80" in .*app\.conf:\d+/) as string })
    expect(await text()).toBe(before)
    expect(existsSync(`${world.file}.before`)).toBe(false)
  })

  test('the upstream its operator has tuned stays as it is while the candidate is tried', async () => {
    const before = await text()
    const tuned = before.replace('keepalive 16;', 'keepalive 7; keepalive_requests 99;')
    await writeFile(world.file, tuned)
    await reload(world)
    const read = await nginx.read('app')
    expect(await nginx.setSplit('app', split(10, { stable: read?.stable ?? null }))).toMatchObject({ refused: false })
    expect(await text()).toContain('keepalive 7; keepalive_requests 99;')
    expect(await nginx.restore('app', read)).toEqual({ refused: false, split: read })
    expect(await text()).toBe(tuned)
    await writeFile(world.file, before)
    await reload(world)
  })

  test('a worker that was killed between the new file and the reload: what is in force is read, and the next call puts either in force', async () => {
    await nginx.setSplit('app', split(20))
    const twenty = await text()
    await nginx.setSplit('app', split(40))
    const forty = await text()
    await nginx.setSplit('app', split(20))
    for (const [percent, file] of [[40, forty], [20, twenty]] as const) {
      await writeFile(`${world.file}.before`, twenty)
      await writeFile(world.file, forty)
      expect(await nginx.read('app')).toMatchObject({ percent: 20, original: { file: twenty } })
      expect(await nginx.setSplit('app', split(percent))).toMatchObject({ refused: false, split: { percent } })
      expect(await text()).toBe(file)
      expect(existsSync(`${world.file}.before`)).toBe(false)
      await nginx.setSplit('app', split(20))
    }
  }, 60_000)

  test('a reload that cannot be asked for is no refusal, and what is in force is still told', async () => {
    await nginx.setSplit('app', split(20))
    const lost = new NginxTraffic({ ...world.settings, pid: `${world.settings.pid}.gone` }, 'front')
    await expect(lost.setSplit('app', split(60))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('front: its pid is not in') as string })
    expect(await nginx.read('app')).toMatchObject({ percent: 20 })
    const failing = new NginxTraffic({ ...world.settings, reload: ['sh', '-c', 'echo not allowed >&2; exit 1'] })
    expect(await failing.setSplit('app', split(60))).toEqual({ refused: true, reason: 'sh -c echo not allowed >&2; exit 1: not allowed' })
    expect(await nginx.setSplit('app', split(60))).toMatchObject({ refused: false, split: { percent: 60 } })
  })

  test('a name or address that would be more than one word to nginx is refused', async () => {
    for (const more of [{ sticky: { by: 'header', name: 'x; return 200' } }, { match: [{ by: 'header', name: 'a b', value: 'c' }] }, { candidate: { id: 'r', version: '2', url: 'http://h:1/a;b' } }] as Partial<RouteSplit>[]) {
      expect(await nginx.setSplit('app', split(10, more))).toMatchObject({ refused: true })
    }
    expect(await nginx.setSplit('../app', split(10))).toEqual({ refused: true, reason: 'there is no route named ../app' })
  })
})
