import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { ActivityCancellationDetails } from '@temporalio/common'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { callOf, kindWorld } from '../activities/kind-world.js'
import { until } from '../contract/hosts.js'
import { issuesOf, jobWith } from '../plan/compiling.js'
import { freePort, temporalServer } from '../support/servers.js'

// A real Temporal server, and a worker of somebody else's.
const taskQueue = `foreign-${randomUUID()}`
let client: Client
let stop = async (): Promise<void> => undefined
beforeAll(async () => {
  const { address, namespace } = await temporalServer()
  const [connection, native] = [await Connection.connect({ address }), await NativeConnection.connect({ address })]
  client = new Client({ connection, namespace })
  const worker = await Worker.create({ connection: native, namespace, taskQueue, workflowsPath: fileURLToPath(new URL('foreign-workflows.ts', import.meta.url)) })
  const stopped = worker.run()
  stop = async () => { worker.shutdown(); await stopped; await native.close(); await connection.close() }
})
afterAll(() => stop())
const world = () => kindWorld({}, { client })
const job = (type: string, config: JsonObject = {}) => callOf('workflow', { type, taskQueue, args: [], wait: true, onUndo: 'cancel', ...config })
const statusOf = async (workflowId: string): Promise<string> => (await client.workflow.getHandle(workflowId).describe()).status.name

test('its result becomes the outputs, and a second try of the attempt starts nothing', async () => {
  const { execute, environment } = await world()
  const call = job('double', { args: [{ n: 21 }] })
  const result = await execute(call)
  expect(result).toMatchObject({ outputs: { twice: 42, workflowId: `job/acme/${call.idempotencyKey}` }, message: 'double completed' })
  expect(await execute(call, environment({ attempt: 2 }))).toEqual(result)
  expect((await execute(job('words'))).outputs).toMatchObject({ result: 'done' })
})

test('one that fails fails the job in its own words', async () => {
  await expect((await world()).execute(job('fails'))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'workflow fails failed: the stock is empty' })
})

test('started and left: it runs on, and is cancelled when the release is taken back', async () => {
  const { execute, rollback } = await world()
  const id = `mine-${randomUUID()}`
  const call = job('forever', { wait: false, id })
  expect((await execute(call)).outputs).toMatchObject({ workflowId: id })
  expect(await statusOf(id)).toBe('RUNNING')
  await rollback({ call, snapshot: null })
  await rollback({ call, snapshot: null })
  expect(await statusOf(id)).toBe('CANCELLED')
})

test('one that is done is compensated by another, once, which knows what it undoes', async () => {
  const { execute, rollback, environment } = await world()
  const call = job('double', { args: [{ n: 1 }], compensate: { type: 'refund', args: ['acme'] } })
  await execute(call)
  for (const activityId of ['1', '2']) await rollback({ call, snapshot: null }, environment({ activityId }))
  const id = `job/acme/${call.idempotencyKey}`
  expect(await client.workflow.getHandle(`${id}/undo`).result()).toEqual({ account: 'acme', undone: `${id} COMPLETED` })
})

test('what was never started is not compensated', async () => {
  const { rollback } = await world()
  const call = job('double', { compensate: { type: 'refund', args: [] } })
  await rollback({ call, snapshot: null })
  await expect(statusOf(`job/acme/${call.idempotencyKey}/undo`)).rejects.toThrow('not found')
})

test('a compensation that fails is a failed undo, and may be tried again', async () => {
  const { execute, rollback, environment } = await world()
  const call = job('words', { compensate: { type: 'fails', args: [] } })
  await execute(call)
  for (const activityId of ['1', '2']) await expect(rollback({ call, snapshot: null }, environment({ activityId }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'workflow fails failed: the stock is empty' })
})

test('a job that is stopped cancels it and waits until it has tidied up', async () => {
  const { execute, environment } = await world()
  const call = job('forever')
  const id = `job/acme/${call.idempotencyKey}`
  const own = environment()
  const stopped = expect(execute(call, own)).rejects.toThrow('CANCELLED')
  await until(async () => await statusOf(id).catch(() => '') === 'RUNNING')
  own.cancel()
  await stopped
  expect(await statusOf(id)).toBe('CANCELLED')
})

test('a worker that is gone: the next try goes on waiting for the same one', async () => {
  const { execute, environment } = await world()
  const call = job('forever')
  const id = `job/acme/${call.idempotencyKey}`
  const first = environment()
  const cut = expect(execute(call, first)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(async () => await statusOf(id).catch(() => '') === 'RUNNING')
  first.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await cut
  const second = expect(execute(call, environment({ attempt: 2 }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'workflow forever was terminated: by hand' })
  await client.workflow.getHandle(id).terminate('by hand')
  await second
})

test('one that takes longer than the job may is cancelled', async () => {
  const { execute, environment } = await world()
  await expect(execute(job('forever'), environment({ startToCloseTimeoutMs: 1000 }))).rejects.toMatchObject({ type: 'TIMED_OUT' })
})

test('an id that is another\'s, and releasectl\'s own queue and ids, are refused', async () => {
  const { execute, rollback } = await world()
  const id = `taken-${randomUUID()}`
  await client.workflow.start('forever', { workflowId: id, taskQueue })
  await expect(execute(job('forever', { id }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: `workflow ${id} is there already: forever, RUNNING, not started by this job` })
  await rollback({ call: job('forever', { id }), snapshot: null })
  expect(await statusOf(id)).toBe('RUNNING')
  await client.workflow.getHandle(id).terminate()
  await expect(execute(job('releaseWorkflow', { taskQueue: 'releases' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
  expect(issuesOf(jobWith('type: workflow\nconfig: { type: x, taskQueue: y, id: release/acme/r1 }'))).toMatchObject([{ code: 'CONFIG_INVALID', message: 'release/… are ids of releasectl\'s own workflows' }])
})

test('a Temporal that does not answer is unreachable', async () => {
  const away = new Client({ connection: Connection.lazy({ address: `127.0.0.1:${await freePort()}` }) })
  const { execute } = await kindWorld({}, { client: away })
  await expect(execute(job('words'))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
})
