import { afterAll, beforeEach, expect, test } from 'vitest'
import { environmentWorkflowId } from '../../domain/release.js'
import { LEASE_MS } from '../../workflows/lock-queue.js'
import { releaseQuery } from '../../workflows/messages.js'
import { job, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, env, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const taking = (duration: string) => planOf([stage('ship', [job('settle', 'wait', { duration })])])
const holding = () => world.until(({ waiting }) => waiting.some(({ what }) => what === 'wait'))
const queued = () => world.until(({ status }) => status === 'queued')

test('a holder that was terminated is found out when its lease is over, and the next goes on', async () => {
  const a = await world.start(taking('10h'))
  await holding()
  const b = await world.start(taking('1m'))
  await queued()
  await a.terminate('by hand')
  const before = await env.currentTimeMs()
  await world.until(({ status }) => status === 'running', 5000, b)
  expect(await env.currentTimeMs() - before).toBeLessThan(2 * LEASE_MS)
  expect((await b.result()).status).toBe('succeeded')
})

test('a holder that is only slow keeps the lock, however often it is looked after', async () => {
  const a = await world.start(taking('30m'))
  await holding()
  const b = await world.start(taking('1m'))
  await queued()
  await env.sleep('20m')
  expect((await b.query(releaseQuery)).status).toBe('queued')
  expect((await a.result()).status).toBe('succeeded')
  expect((await b.result()).status).toBe('succeeded')
})

test('a lock nobody holds or waits for ends its workflow after a while, and begins anew when it is asked for', async () => {
  await world.run(taking('1m'))
  const environment = env.client.workflow.getHandle(environmentWorkflowId('default', world.lockKey(taking('1m'))))
  await environment.result()
  expect((await environment.describe()).status.name).toBe('COMPLETED')
  expect((await world.run(taking('1m'))).status).toBe('succeeded')
})
