import { afterAll, beforeEach, expect, test } from 'vitest'
import { job, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const shift = (more: object = {}) => planOf([stage('ship', [job('shift', 'gateway', { gateway: 'apisix', serviceId: 'shop', strategy: { type: 'canary', phases: [{ percentage: 100 }] }, ...more })])])

test('a gateway job without a candidate asks the gateway where the release\'s version is', async () => {
  const handle = await world.start(shift())
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.stages[0]?.jobs[0]?.outputs).toEqual({ url: 'http://2.4.0.test:80' })
  expect(world.trace).toEqual(['split 100', 'finish shift'])
})

test('one with a candidate does not', async () => {
  const handle = await world.start(shift({ candidate: { url: 'http://10.0.0.2:8080' } }))
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.stages[0]?.jobs[0]?.outputs).toEqual({ url: 'http://10.0.0.2:8080' })
})
