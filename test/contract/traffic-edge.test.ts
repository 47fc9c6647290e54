import { expect, test } from 'vitest'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import { EdgeProcess, freePort } from '../edge/edge-process.js'
import { side, upstream } from '../edge/upstream.js'
import { trafficContract } from './traffic.js'
import { runVersion } from './traffic-versions.js'

trafficContract('edge', {
  can: { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: true, percentStep: 0.01 }, exactShare: true, sticky: [{ by: 'header', name: 'x-session' }],
}, async () => {
  const [edge, stable, candidate] = [await EdgeProcess.start(), await runVersion('one'), await runVersion('two')]
  const silent = await upstream(() => undefined)
  const token = await edge.token()
  return {
    port: new EdgeTraffic({ url: edge.controlUrl, token }),
    unreachable: [new EdgeTraffic({ url: `http://127.0.0.1:${await freePort()}`, token }), new EdgeTraffic({ url: silent.url, token, timeoutMs: 100 })],
    stable: stable.side, candidate: candidate.side, running: { stable, candidate }, freePort,
    async stop() { await Promise.all([edge.dispose(), stable.stop(), candidate.stop(), silent.stop()]) },
  }
})

const split = { stable: side('one', 'http://127.0.0.1:1'), candidate: side('two', 'http://127.0.0.1:2'), percent: 10, sticky: null }

test('a gateway that takes a split and has another in force is a refusal', async () => {
  const liar = await upstream((request, response) => {
    request.resume()
    response.end(JSON.stringify({ name: 'web', revision: 1, ...split, percent: 0, listen: { port: 8000 } }))
  })
  const answer = await new EdgeTraffic({ url: liar.url, token: 'any' }).setSplit('web', split)
  expect(answer).toEqual({ refused: true, reason: 'edge took one / two at 10% for web but has one / two at 0% in force' })
  await liar.stop()
})

test('a gateway that answers too late or with an error of its own is TARGET_UNREACHABLE', async () => {
  const silent = await upstream(() => undefined)
  await expect(new EdgeTraffic({ url: silent.url, token: 'any', timeoutMs: 100 }).setSplit('web', split)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  await silent.stop()
  const broken = await upstream((_request, response) => response.writeHead(500).end('{"code":"STATE_NOT_WRITTEN","message":"disk full"}'))
  await expect(new EdgeTraffic({ url: broken.url, token: 'any' }).setSplit('web', split)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('disk full') as string })
  await broken.stop()
})

test('a wrong token is a refusal that does not tell the token', async () => {
  const edge = await EdgeProcess.start()
  const traffic = new EdgeTraffic({ url: edge.controlUrl, token: 'guessed' })
  expect(await traffic.setSplit('web', split)).toMatchObject({ refused: true, reason: expect.not.stringContaining('guessed') as string })
  await expect(traffic.read('web')).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
  await edge.dispose()
})
