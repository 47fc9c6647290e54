import { cp, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { envoy } from '../../drivers/traffic/envoy/envoy.js'
import { until } from '../edge/edge-process.js'
import { serverStand } from '../support/gateways/servers.js'
import { trafficContract } from './traffic.js'
import { silentServer } from './traffic-versions.js'

const WAITS = { timeoutMs: 5_000, takeMs: 5_000 }

trafficContract('envoy', { can: { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: false, percentStep: 0.01 } }, async () => {
  const { folder, listen, admin: port, running, configuration, stop } = await serverStand('envoy')
  const [admin, routes] = [`http://127.0.0.1:${port}`, join(folder, 'gateways/envoy/routes')]
  const unwatched = join(folder, 'unwatched')
  await cp(routes, unwatched, { recursive: true })
  const silent = await silentServer()
  const traffic = envoy.create({ admin, folder: routes, ...WAITS }, 'mesh')
  return {
    port: traffic,
    unreachable: [envoy.create({ admin: 'http://127.0.0.1:1', folder: routes, ...WAITS }, 'gone'), envoy.create({ admin: silent.url, folder: routes, ...WAITS, timeoutMs: 100 }, 'silent')],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) {
        const path = join(routes, 'app.route.yaml')
        const text = (await readFile(path, 'utf8')).replace(/"version_info": "[^"]*"/, '"version_info": "mine"').replace(/"weight": 2000\b/, `"weight": ${percent * 100}`).replace(/"weight": 8000\b/, `"weight": ${10_000 - percent * 100}`)
        await writeFile(`${path}.mine`, text)
        await rename(`${path}.mine`, path)
        await until(async () => (await fetch(`${admin}/config_dump?resource=dynamic_route_configs`).then((answer) => answer.text())).includes('"mine"'))
      },
      liar: envoy.create({ admin, folder: unwatched, ...WAITS, takeMs: 300 }, 'liar'),
    },
    async stop() { await Promise.all([stop(), silent.stop()]) },
  }
})

test('a file that Envoy rejects is a refusal with its reason, and the file is as it was', async () => {
  const { folder, admin, running: { stable, candidate }, stop } = await serverStand('envoy')
  const routes = join(folder, 'gateways/envoy/routes')
  const traffic = envoy.create({ admin: `http://127.0.0.1:${admin}`, folder: routes, ...WAITS, log: join(folder, 'gateways/envoy/log') }, 'mesh')
  const before = await readFile(join(routes, 'app.route.yaml'), 'utf8')
  const answer = await traffic.setSplit('app', { stable: stable.side, candidate: candidate.side, percent: 10, sticky: { by: 'cookie', name: '' } })
  expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/has app.one \/ nothing at 0% in force: it rejected .*app.route.yaml: .*Cookie.*Name: value length must be at least 1/) as string })
  expect(await readFile(join(routes, 'app.route.yaml'), 'utf8')).toBe(before)
  expect(await traffic.read('app')).toMatchObject({ candidate: null, percent: 0 })
  expect(await traffic.setSplit('app', { stable: stable.side, candidate: candidate.side, percent: 10, sticky: null })).toMatchObject({ refused: false })
  await stop()
})
