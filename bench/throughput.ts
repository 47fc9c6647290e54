import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WorkflowNotFoundError } from '@temporalio/client'
import { releaseWorkflowId } from '../domain/release.js'
import { BARE_QUEUE, bareCall } from './bare/call.js'
import { bareSteps } from './bare/workflows.js'
import { stepsPlan } from './plans.js'
import { compared, measured, type Row } from './row.js'
import { inLanes, median, setting, timed } from './statistics.js'
import { withSystem, type System } from './system.js'

const AT_ONCE = 8
const STEPS = 5
const WARM_UP = 10
/** bench/worker.ts: the real journal and lock, scripts that do nothing. */
export const BENCH_WORKER = { worker: fileURLToPath(new URL('worker.ts', import.meta.url)) }

/**
 * Releases of five sequential jobs, from the first POST until the last has ended, beside bare workflows that run the same
 * activity five times, in the same worker process: a lock of its own, a journal and the API are what a release has more.
 */
export function throughput(): Promise<Row[]> {
  const releases = setting('BENCH_RELEASES', 100)
  const rounds = setting('BENCH_ROUNDS', 3)
  return withSystem({ entries: BENCH_WORKER }, async (system) => {
    await runReleases(system, WARM_UP)
    await runBare(system, WARM_UP)
    const seen: { ours: number; bare: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const bareFirst = round % 2 === 0 ? await runBare(system, releases) : null
      const ours = await runReleases(system, releases)
      seen.push({ ours, bare: bareFirst ?? await runBare(system, releases) })
    }
    const ratio = median(seen.map(({ ours, bare }) => ours / bare))
    return [
      compared(`${releases} releases of ${STEPS} jobs, median of ${rounds} rounds`, median(seen.map(({ ours }) => ours)), median(seen.map(({ bare }) => bare)), 'a second', { atLeast: 0.8 }, ratio),
      ...await historyRows(system),
    ]
  })
}

/** Per second. */
async function runReleases(system: System, count: number): Promise<number> {
  const tookMs = await timed(async () => {
    const ids = await inLanes(AT_ONCE, Array.from({ length: count }), () => system.release({ planText: stepsPlan(randomUUID(), STEPS) }))
    await Promise.all(ids.map((id) => resultOf(system, id)))
  })
  return count / tookMs * 1000
}

async function runBare({ temporal }: System, count: number): Promise<number> {
  const tookMs = await timed(async () => {
    const handles = await inLanes(AT_ONCE, Array.from({ length: count }, () => randomUUID()), (id) =>
      temporal.workflow.start(bareSteps, { workflowId: `bare/${id}`, taskQueue: BARE_QUEUE, args: [{ call: bareCall(id), steps: STEPS }] }))
    await Promise.all(handles.map((handle) => handle.result()))
  })
  return count / tookMs * 1000
}

async function resultOf({ temporal }: System, id: string): Promise<void> {
  const handle = temporal.workflow.getHandle(releaseWorkflowId('default', id))
  // accepted means stored: Temporal hears of it a moment later
  while (await handle.describe().then(() => false, (error: unknown) => { if (error instanceof WorkflowNotFoundError) return true; throw error })) await delay(5)
  const { status } = await handle.result() as { status: string }
  if (status !== 'succeeded') throw new Error(`release ${id} ended ${status}`)
}

/** What one more job adds to a history. */
async function historyRows(system: System): Promise<Row[]> {
  const lengths = [1, STEPS].map(async (steps) => {
    const id = await system.release({ planText: stepsPlan(randomUUID(), steps) })
    await resultOf(system, id)
    return lengthOf(system, releaseWorkflowId('default', id))
  })
  const bare = await system.temporal.workflow.start(bareSteps, { workflowId: `bare/${randomUUID()}`, taskQueue: BARE_QUEUE, args: [{ call: bareCall(randomUUID()), steps: STEPS }] })
  await bare.result()
  const [one, five, bareLength] = await Promise.all([...lengths, lengthOf(system, bare.workflowId)]) as [number, number, number]
  return [
    measured('history of one more job without a snapshot, journal included', (five - one) / (STEPS - 1), 'events', { atMost: 8 }),
    compared(`history of a release of ${STEPS} jobs`, five, bareLength, 'events'),
  ]
}

/** Events in a workflow's history. */
export async function lengthOf({ temporal }: System, workflowId: string): Promise<number> {
  return (await temporal.workflow.getHandle(workflowId).describe()).historyLength
}
