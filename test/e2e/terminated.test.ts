import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { releaseWorkflowId } from '../../domain/release.js'
import { endServices } from '../../embedded/services.js'
import { Installation } from '../support/installation.js'
import { edgeRoute, SHOP } from '../support/shop-lane.js'
import { shopRollout } from '../support/shop-plan.js'

let installation: Installation
beforeAll(async () => { installation = await Installation.start() })
afterAll(async () => {
  await endServices(installation.embedded.home)
  await installation.stop()
})

const plan = `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: shop }
stages:
  - name: ship
    jobs: [${shopRollout({ folder: SHOP, phases: [{ percentage: 40, duration: '1h' }] })}]
`
const release = (version: string) => installation.release({ planText: plan, project: 'shop', version }, version)

test('a release that somebody terminated in Temporal is taken back from its journal, and the next one goes on', async () => {
  const first = await release('1.0.0')
  expect((await installation.ended(first)).status).toBe('succeeded')
  const second = await release('2.0.0')
  await installation.until(second, ({ splits }) => splits[0]?.percent === 40)
  const connection = await Connection.connect({ address: installation.embedded.temporalAddress })
  await new Client({ connection }).workflow.getHandle(releaseWorkflowId('default', second)).terminate('by hand')
  await connection.close()
  expect(await edgeRoute(installation.embedded, 'shop')).toMatchObject({ percent: 40 })

  await installation.call('POST', `/releases/${second}/rollback`, { reason: 'terminated by mistake' })
  const view = await installation.ended(second)
  expect(view.status).toBe('rolled_back')
  expect(view.undo.map(({ state }) => state)).toEqual(view.undo.map(() => 'undone'))
  expect(await edgeRoute(installation.embedded, 'shop')).toMatchObject({ percent: 0, candidate: null, stable: { version: '1.0.0' } })
})
