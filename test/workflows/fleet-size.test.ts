// How histories grow with the number of targets: a server of its own that asks for a new run early, so that hundreds show what thousands do (bench/fleet.ts).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { ReleaseWorld } from '../support/far-side.js'
import { fleet, job, planOf, stage } from '../support/plan-builder.js'
import { realWorlds } from '../support/real-world.js'
import { startTemporal } from '../support/temporal-dev-server.js'

const folder = await mkdtemp(join(tmpdir(), 'releasectl-fleet-size-'))
/** The server's own is 4096. */
const NEW_RUN_AT = 300
const server = await startTemporal(folder, [`limit.historyCount.suggestContinueAsNew=${NEW_RUN_AT}`])
const worlds = await realWorlds({ address: server.address, namespace: 'default' })
let world: ReleaseWorld
beforeEach(() => { world = worlds.newWorld() })
afterAll(async () => {
  await worlds.close()
  await server.child.stop()
  await rm(folder, { recursive: true, force: true })
})

const TARGETS = 160
const PARALLEL = 20
/** A page that has begun is ended first: its targets, with what each of them writes into the wave's history. */
const PAGE = 100
const EVENTS_OF_A_TARGET = 12

interface Size { events: number; bytes: number }
async function sizeOf(handle: WorkflowHandle): Promise<Size> {
  const { historyLength, historySize } = await handle.describe()
  return { events: historyLength, bytes: historySize ?? 0 }
}
/** Every run of a workflow that went on as a new one. */
async function runsOf(workflowId: string): Promise<Size[]> {
  const sizes: Size[] = []
  let runId = (await worlds.client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.firstRunId ?? ''
  while (runId !== '') {
    const handle = worlds.client.workflow.getHandle(workflowId, runId)
    sizes.push(await sizeOf(handle))
    const last = (await handle.fetchHistory()).events?.at(-1)
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? ''
  }
  return sizes
}
const most = (sizes: Size[]): number => Math.max(...sizes.map(({ events }) => events))

test('targets are in no history but their own and a run of the wave that ends: out and back, however many they are', { timeout: 300_000 }, async () => {
  for (let n = 0; n < TARGETS; n += 1) world.fleet.add(`web-${String(n).padStart(4, '0')}`)
  const handle = await world.start(planOf([stage('ship', [job('update', 'script', {}, { hasSnapshot: false })], { fleet: fleet({ batch: { percent: 100 }, parallel: PARALLEL }) })]))
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.trace.filter((line) => line.startsWith('run'))).toHaveLength(TARGETS)
  expect(new Set(world.trace).size).toBe(TARGETS) // each once
  expect(world.view?.stages[0]?.fleet).toMatchObject({ total: TARGETS, counts: { succeeded: TARGETS } })

  const waves = await runsOf(`${handle.workflowId}/ship/wave-1`)
  expect(waves.length).toBeGreaterThan(1)
  expect(most(waves)).toBeLessThan(NEW_RUN_AT + PAGE * EVENTS_OF_A_TARGET)
  const target = await sizeOf(worlds.client.workflow.getHandle(`${handle.workflowId}/ship/web-0000`))
  expect([target.events < 40, target.bytes < 24 * 1024]).toEqual([true, true])
  const release = await sizeOf(handle)
  expect([release.events < 500, release.bytes < 512 * 1024]).toEqual([true, true])

  const back = await world.startTakeBack()
  expect(await back.result()).toMatchObject({ status: 'rolled_back', leftOver: [] })
  expect(world.view?.stages[0]?.fleet?.counts).toEqual({ undone: TARGETS })
  const undos = await runsOf(`${back.workflowId}/ship/undo`)
  expect(undos.length).toBeGreaterThan(1)
  expect(most(undos)).toBeLessThan(NEW_RUN_AT + PARALLEL * EVENTS_OF_A_TARGET)
  expect((await sizeOf(back)).events).toBeLessThan(500)
  expect(JSON.stringify(world.view).length).toBeLessThan(16 * 1024)
})
