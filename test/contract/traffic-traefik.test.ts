import { cp, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { matchIn, matchName, sideIn, sideName } from '../../drivers/traffic/traefik/names.js'
import { traefik } from '../../drivers/traffic/traefik/traefik.js'
import { until } from '../edge/edge-process.js'
import { serverStand } from '../support/gateways/servers.js'
import { trafficContract } from './traffic.js'
import { silentServer } from './traffic-versions.js'

const WAITS = { timeoutMs: 5_000, takeMs: 5_000 }

trafficContract('traefik', {
  can: { sticky: ['cookie'], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 }, handsOutCookies: true,
}, async () => {
  const { folder, listen, admin, running, configuration, stop } = await serverStand('traefik')
  const [api, files] = [`http://127.0.0.1:${admin}`, join(folder, 'gateways/traefik/dynamic')]
  const unwatched = join(folder, 'unwatched')
  await cp(files, unwatched, { recursive: true })
  const silent = await silentServer()
  return {
    port: traefik.create({ api, folder: files, ...WAITS }, 'ingress'),
    unreachable: [traefik.create({ api: 'http://127.0.0.1:1', folder: files, ...WAITS }, 'gone'), traefik.create({ api: silent.url, folder: files, ...WAITS, timeoutMs: 100 }, 'silent')],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) {
        const text = (await readFile(join(files, 'app.yaml'), 'utf8')).replace(/weight: 2000\b/, `weight: ${percent * 100}`).replace(/weight: 8000\b/, `weight: ${10_000 - percent * 100}`)
        await writeFile(join(files, '.mine'), text)
        await rename(join(files, '.mine'), join(files, 'app.yaml'))
        await until(async () => (await fetch(`${api}/api/http/services/app@file`).then((answer) => answer.text())).includes(`"weight":${percent * 100}`))
      },
      liar: traefik.create({ api, folder: unwatched, ...WAITS, takeMs: 300 }, 'liar'),
    },
    async stop() { await Promise.all([stop(), silent.stop()]) },
  }
})

test('a split that Traefik cannot build is a refusal with its reason, and the file is as it was', async () => {
  const { folder, admin, running: { stable, candidate }, stop } = await serverStand('traefik')
  const [api, file] = [`http://127.0.0.1:${admin}`, join(folder, 'gateways/traefik/dynamic/app.yaml')]
  const traffic = traefik.create({ api, folder: dirname(file), ...WAITS, takeMs: 2_000 }, 'ingress')
  const broken = (await readFile(file, 'utf8')).replace('stable: {loadBalancer: {', 'stable: {loadBalancer: {strategy: nonsense, ')
  await writeFile(`${file}.mine`, broken)
  await rename(`${file}.mine`, file)
  await until(async () => (await fetch(`${api}/api/http/services/stable@file`).then((answer) => answer.text())).includes('nonsense'))
  expect(await traffic.setSplit('app', { stable: stable.side, candidate: candidate.side, percent: 10, sticky: null })).toMatchObject({
    refused: true, reason: expect.stringMatching(/took one \/ two at 10% for app but has one \/ two at 10% after 2000 ms \(.*nonsense.*\) in force/) as string,
  })
  expect(await readFile(file, 'utf8')).toBe(broken)
  await stop()
})

test('names carry ids, versions and matches of any signs, and tell them from the operator\'s own', () => {
  const side = { id: 'r-1_ä--x@y', version: '1.0+b/ü' }
  expect(sideName('shop', side)).toMatch(/^shop--[\w.]+--[\w.]+$/)
  expect(sideIn('shop', sideName('shop', side))).toEqual(side)
  expect(['stable', 'shop', 'shop--mirrored', 'shop--a--b--c'].map((name) => sideIn('shop', name))).toEqual([null, null, null, null])
  const match = { by: 'cookie' as const, name: 'a b', value: '--match--' }
  expect(matchIn(matchName('web', match))).toEqual(match)
  expect(['web', 'web--match--x--y--z'].map(matchIn)).toEqual([null, null])
})
