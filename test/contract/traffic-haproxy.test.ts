import { readFile } from 'node:fs/promises'
import { createServer, createConnection, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { haproxy } from '../../drivers/traffic/haproxy/haproxy.js'
import { weightsFor } from '../../drivers/traffic/haproxy/weights.js'
import { until } from '../edge/edge-process.js'
import { serverStand, tellHaproxy as tell } from '../support/gateways/servers.js'
import { trafficContract } from './traffic.js'
import { silentServer } from './traffic-versions.js'

const PERCENT_STEP = 100 / 257

trafficContract('haproxy', {
  can: { sticky: ['cookie', 'address'], match: [], mirror: false, makesRoutes: false, percentStep: PERCENT_STEP },
  sticky: [{ by: 'cookie', name: 'SRV' }], handsOutCookies: true,
}, async () => {
  const { admin, listen, running, configuration, stop } = await serverStand('haproxy')
  const deaf = await deafTo(/set /, admin)
  const silent = await silentServer()
  return {
    port: haproxy.create({ socket: `tcp://127.0.0.1:${admin}`, timeoutMs: 5_000, upMs: 5_000 }, 'front'),
    unreachable: [
      haproxy.create({ socket: '/nowhere/admin.sock', timeoutMs: 5_000, upMs: 100 }, 'gone'),
      haproxy.create({ socket: `tcp://127.0.0.1:${silent.port}`, timeoutMs: 100, upMs: 100 }, 'silent'),
    ],
    stable: running.stable.side, candidate: running.candidate.side, running,
    own: {
      route: { name: 'app', listen }, configuration,
      async meddle(percent) { await tell(admin, `set server app/canary weight ${percent};set server app/stable weight ${100 - percent}`) },
      liar: haproxy.create({ socket: `tcp://127.0.0.1:${deaf.port}`, timeoutMs: 5_000, upMs: 5_000 }, 'liar'),
    },
    async stop() { await Promise.all([stop(), deaf.stop(), silent.stop()]) },
  }
})

test('a candidate that HAProxy finds down is a refusal, and the split stays as it was', async () => {
  const { admin, running: { stable }, stop } = await serverStand('haproxy')
  const traffic = haproxy.create({ socket: `tcp://127.0.0.1:${admin}`, timeoutMs: 5_000, upMs: 100 }, 'front')
  const down = { id: 'down', version: '9', url: 'http://127.0.0.1:1' }
  await tell(admin, 'set server app/canary addr 127.0.0.1 port 1')
  await until(async () => / canary 127.0.0.1 0 /.test(await tell(admin, 'show servers state app')))
  expect(await traffic.setSplit('app', { stable: stable.side, candidate: down, percent: 10, sticky: null })).toMatchObject({
    refused: true, reason: expect.stringMatching(/server app\/canary \(http:\/\/127.0.0.1:1\) DOWN/) as string,
  })
  expect(await traffic.read('app')).toMatchObject({ candidate: null, percent: 0 })
  await stop()
})

test('after a reload HAProxy has its own configuration again, and what is read says so', async () => {
  const { admin, folder, running: { stable, candidate }, stop } = await serverStand('haproxy')
  const traffic = haproxy.create({ socket: `tcp://127.0.0.1:${admin}`, timeoutMs: 5_000, upMs: 5_000 }, 'front')
  const before = await traffic.read('app')
  await traffic.setSplit('app', { stable: candidate.side, candidate: stable.side, percent: 10, sticky: null })
  process.kill(Number(await readFile(join(folder, 'gateways/haproxy/pid'), 'utf8')), 'SIGUSR2')
  await until(async () => JSON.stringify(await traffic.read('app').catch(() => null)) === JSON.stringify(before))
  expect(await traffic.read('app')).toMatchObject({ stable: { id: 'stable', url: stable.side.url }, candidate: null, percent: 0 })
  await stop()
})

test('weights are whole numbers whose share is nearest to what was asked for', () => {
  expect([0, 1, 12.5, 33, 50, 99, 99.5, 100].map((percent) => weightsFor(percent))).toEqual([
    { candidate: 0, stable: 256 }, { candidate: 2, stable: 198 }, { candidate: 36, stable: 252 }, { candidate: 99, stable: 201 },
    { candidate: 256, stable: 256 }, { candidate: 198, stable: 2 }, { candidate: 199, stable: 1 }, { candidate: 256, stable: 0 },
  ])
  for (let percent = 0; percent <= 100; percent += 0.05) {
    const { candidate, stable } = weightsFor(percent)
    expect(Math.abs(100 * candidate / (candidate + stable) - percent)).toBeLessThanOrEqual(PERCENT_STEP / 2)
  }
})

/** A line to HAProxy on which some commands are answered as if they were done, and are not. */
async function deafTo(commands: RegExp, port: number): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((client) => {
    client.once('data', (line: Buffer) => {
      if (commands.test(line.toString())) { client.end('\n'); return }
      const haproxySide = createConnection(port, '127.0.0.1', () => haproxySide.write(line))
      haproxySide.pipe(client)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { port: (server.address() as AddressInfo).port, stop: async () => { server.close() } }
}
