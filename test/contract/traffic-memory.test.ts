import { expect, test } from 'vitest'
import { MemoryTraffic } from '../../drivers/traffic/memory.js'
import { trafficContract } from './traffic.js'

const stable = { id: 'one', version: '1.0', url: 'http://127.0.0.1:1' }
const candidate = { id: 'two', version: '2.0', url: 'http://127.0.0.1:2' }

trafficContract('memory', {
  can: { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: true, makesRoutes: true, percentStep: 0.01 }, carriesTraffic: false,
}, async () => {
  const unreachable = new MemoryTraffic()
  unreachable.unreachableBecause = 'the gateway is off'
  let port = 1000
  return { port: new MemoryTraffic(), unreachable: [unreachable], stable, candidate, freePort: async () => ++port, stop: async () => undefined }
})

test('a lost answer leaves the change in force, and setting it again is no second change', async () => {
  const traffic = new MemoryTraffic()
  traffic.loseAnswers = 1
  const split = { stable, candidate, percent: 10, sticky: null }
  await expect(traffic.setSplit('web', split)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect(await traffic.read('web')).toMatchObject({ percent: 10 })
  expect(await traffic.setSplit('web', split)).toMatchObject({ refused: false })
  expect(traffic.history).toHaveLength(1)
})

test('a change that is delivered twice is one change', async () => {
  const traffic = new MemoryTraffic()
  traffic.deliverTwice = true
  await traffic.setSplit('web', { stable, candidate, percent: 10, sticky: null })
  await traffic.restore('web', null)
  expect(traffic.history.map(({ split }) => split?.percent ?? null)).toEqual([10, null])
})

test('counters and open requests are those the test made up', async () => {
  const traffic = new MemoryTraffic()
  await traffic.setSplit('web', { stable, candidate, percent: 10, sticky: null })
  traffic.answered('web', 'two', 9, { tookMs: 40 })
  traffic.answered('web', 'two', 1, { tookMs: 400, failed: true })
  traffic.underWay('web', 'one', 3)
  const metrics = await traffic.metrics('web')
  expect(metrics?.candidate).toMatchObject({ requests: 10, errors: 1 })
  expect(metrics?.candidate.latency).toEqual(expect.arrayContaining([{ le: 10, count: 0 }, { le: 50, count: 9 }, { le: 500, count: 10 }]))
  expect(await traffic.drain('web', 'one')).toEqual({ open: 3 })
})
