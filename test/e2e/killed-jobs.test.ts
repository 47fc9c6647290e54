import { fileURLToPath } from 'node:url'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation } from '../support/installation.js'
import { until } from '../edge/edge-process.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { go } from '../workflows/foreign-workflows.js'

// The kinds whose far side is no target of ours. The worker is killed while it waits for an answer of each of them.
const taskQueue = 'foreign'
const sides: FarSide[] = []
let installation: Installation
let client: Client
let stop = async (): Promise<void> => undefined
beforeAll(async () => {
  installation = await Installation.start()
  const { temporalAddress: address } = installation.embedded
  const [connection, native] = [await Connection.connect({ address }), await NativeConnection.connect({ address })]
  client = new Client({ connection })
  const worker = await Worker.create({ connection: native, taskQueue, workflowsPath: fileURLToPath(new URL('../workflows/foreign-workflows.ts', import.meta.url)) })
  const stopped = worker.run()
  stop = async () => { worker.shutdown(); await stopped; await native.close(); await connection.close() }
  sides.push(await FarSide.start(200), await FarSide.start(500))
})
afterAll(async () => {
  await Promise.all(sides.map((side) => side.server.stop()))
  await stop()
  await installation.stop()
})

test('kill -9 while a validation, a notice, an analysis, a call and a workflow wait: each goes on, is done once, and the release says how it ended', async () => {
  const [good, bad] = await Promise.all(sides.map(async ({ server }, n) => installation.release({ project: `shop-${n}`, version: '2.0.0', planText: PLAN, variables: { far: server.url } }, `killed/${n}`))) as [string, string]
  for (const path of ['/health', '/notice', '/measure', '/call']) await killedAt(path)
  const order = [good, bad].map((id) => client.workflow.getHandle(`job/default/${id}/act/order/1`))
  const runs = await killedWhileRunning(order)
  const view = await installation.ended(good)
  expect(view).toMatchObject({ status: 'succeeded', reason: null })
  expect(view.undo.map(({ what, state }) => `${what}: ${state}`)).toEqual(['call (webhook): promised', 'order (workflow): promised'])

  await killedWhileRunning([client.workflow.getHandle(`job/default/${bad}/act/order/1/undo`)])
  await killedAt('/back', sides.slice(1))
  const taken = await installation.ended(bad)
  expect(taken).toMatchObject({ status: 'rolled_back', reason: expect.stringContaining('/last') as string })
  expect(taken.undo.map(({ what, state }) => `${what}: ${state}`)).toEqual(['call (webhook): undone', 'order (workflow): undone'])
  expect(await Promise.all(order.map(async (handle) => (await handle.describe()).runId))).toEqual(runs)
  // Asked again after each kill; what acts has done so once.
  expect(sides.map(({ asked }) => Object.fromEntries(asked))).toEqual([{ '/health': 2, '/notice': 2, '/measure': 2, '/call': 2, '/last': 1 }, { '/health': 2, '/notice': 2, '/measure': 2, '/call': 2, '/last': 1, '/back': 2 }])
  expect(sides.map(({ done }) => [...done].map((key) => key.split(' ')[0]))).toEqual([['/notice', '/call'], ['/notice', '/call', '/back']])
}, 300_000)

/** Killed once all have been asked for that path and before any has answered. */
async function killedAt(path: string, all = sides): Promise<void> {
  await until(() => all.every(({ asked }) => asked.get(path) === 1), 120_000)
  installation.embedded.kill('worker', 'SIGKILL')
  for (const side of all) side.letGo(path)
}

/** Killed while they run, and only then let end. @returns their runs */
async function killedWhileRunning(handles: WorkflowHandle[]): Promise<string[]> {
  const runs: string[] = []
  for (const handle of handles) {
    await until(async () => handle.describe().then(({ runId }) => { runs.push(runId); return true }, () => false), 120_000)
  }
  installation.embedded.kill('worker', 'SIGKILL')
  for (const handle of handles) await handle.signal(go)
  return runs
}

/** Does what it is asked once by its key, and holds its first answer at each path back. */
class FarSide {
  readonly asked = new Map<string, number>()
  readonly done = new Set<string>()
  readonly #held = new Map<string, () => void>()
  server!: Awaited<ReturnType<typeof startHttpTarget>>

  /** @param last its status at `/last` */
  static async start(last: number): Promise<FarSide> {
    const side = new FarSide()
    side.server = await startHttpTarget(({ method, path, headers }) => {
      const times = (side.asked.get(path) ?? 0) + 1
      side.asked.set(path, times)
      if (method === 'POST') side.done.add(`${path} ${headers['idempotency-key'] as string}`)
      if (path === '/last') return { status: last }
      return { body: '{"errorRate": 0.01}', ...times === 1 && { after: new Promise<void>((resolve) => { side.#held.set(path, resolve) }) } }
    })
    return side
  }

  letGo(path: string): void { this.#held.get(path)?.() }
}

const PLAN = `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: killed }
variables: { far: "" }
stages:
  - name: look
    jobs: [{ name: health, type: validation, config: { endpoints: [{ url: '\${variables.far}/health' }], timeout: 2m } }]
  - name: tell
    jobs: [{ name: notice, type: notification, config: { channels: [{ type: webhook, url: '\${variables.far}/notice' }], message: here it comes, required: true } }]
  - name: measure
    jobs: [{ name: errors, type: analysis, config: { source: json, address: '\${variables.far}/measure', queries: [{ name: errors, query: $.errorRate, threshold: "<0.1" }] } }]
  - name: act
    parallel: false
    jobs:
      - { name: call, type: webhook, config: { url: '\${variables.far}/call', rollbackUrl: '\${variables.far}/back' } }
      - { name: order, type: workflow, config: { type: whenTold, taskQueue: ${taskQueue}, compensate: { type: whenTold } } }
  - name: last
    jobs: [{ name: last, type: validation, config: { endpoints: [{ url: '\${variables.far}/last' }] } }]
`
