import { expect, test } from 'vitest'
import { Client, Connection } from '@temporalio/client'
import { releaseWorkflowId } from '../../domain/release.js'
import { temporalServer } from '../support/servers.js'
import { ApiWorld } from './api-world.js'
import { scriptPlan } from './plans-as-text.js'

test('a release accepted while Temporal is away is started as soon as it is back, once, by however many APIs', async () => {
  const world = await ApiWorld.open()
  const ids: string[] = []
  for (const name of ['one', 'two', 'three']) {
    const answer = await world.ask('deployer', 'POST', '/releases', { project: name, environment: 'prod', planText: scriptPlan(name) })
    expect(answer.json()).toMatchObject({ status: 'accepted' })
    ids.push(answer.json<{ id: string }>().id)
  }
  expect((await world.ask('viewer', 'GET', `/releases/${ids[0] ?? ''}`)).json()).toMatchObject({ status: 'accepted', live: false })
  const pause = await world.ask('deployer', 'POST', `/releases/${ids[0] ?? ''}/pause`, {}, { 'idempotency-key': 'p' })
  expect([503, 504]).toContain(pause.statusCode)
  expect((await world.ask('viewer', 'GET', '/health')).json()).toMatchObject({ status: 'down', parts: { database: { up: true }, temporal: { up: false } } })

  const { address } = await temporalServer()
  const { taskQueue, key } = world
  const databaseUrl = world.databaseUrl
  const back = await Promise.all([1, 2].map(() => ApiWorld.open({ temporal: address, databaseUrl, taskQueue, key })))
  for (const { starter } of back) starter.run()
  while (await world.database.release.count({ where: { workflowStarted: false } }) > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  const connection = await Connection.connect({ address })
  const client = new Client({ connection })
  for (const id of ids) {
    const handle = client.workflow.getHandle(releaseWorkflowId('default', id))
    const found = Object.fromEntries((await handle.describe()).typedSearchAttributes.getAll().map(({ key: { name }, value }) => [name, value]))
    expect(found).toMatchObject({ ReleaseTenant: 'default', ReleaseEnvironment: 'prod', ReleaseStatus: 'accepted' })
    await handle.terminate('the test is over')
  }
  await connection.close()
  for (const one of [world, ...back]) await one.close()
}, 90_000)

test('a command that no worker answers is not known yet, and the same key asks again', async () => {
  const world = await ApiWorld.open({ temporal: (await temporalServer()).address })
  const { id } = (await world.ask('deployer', 'POST', '/releases', { project: 'alone', environment: 'prod', planText: scriptPlan('alone') })).json<{ id: string }>()
  const ask = () => world.ask('deployer', 'POST', `/releases/${id}/pause`, {}, { 'idempotency-key': 'p' })
  let answer = await ask()
  while (answer.statusCode === 503) answer = await ask() // it is accepted first and started then
  expect(answer.json()).toMatchObject({ status: 504, code: 'TIMED_OUT', detail: expect.stringContaining('ask again with the same Idempotency-Key') as unknown })
  expect((await world.ask('viewer', 'GET', `/releases/${id}`)).json()).toMatchObject({ status: 'accepted', live: false })
  await world.close()
})
