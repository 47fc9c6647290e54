import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { releaseWorkflowId } from '../domain/release.js'
import { BARE_QUEUE, bareCall } from './bare/call.js'
import { bareApproval, bareApprove } from './bare/workflows.js'
import { approvalPlan } from './plans.js'
import { compared, type Row } from './row.js'
import { nowMs, quantile, setting } from './statistics.js'
import { withSystem, type System } from './system.js'
import { BENCH_WORKER } from './throughput.js'

const WARM_UP = 5
const SETTLE_MS = 50

/**
 * From a person's yes to the start of the next activity, by the server's own record of it: POST …/approve (roles, proof, audit,
 * journal) beside a bare update of a workflow that then runs the same activity, in the same worker process.
 */
export function approve(): Promise<Row[]> {
  const approvals = setting('BENCH_APPROVALS', 40)
  return withSystem({ entries: BENCH_WORKER }, async (system) => {
    const lead = await system.person('lead', 'approver')
    await measure(system, lead, WARM_UP)
    const { ours, bare } = await measure(system, lead, approvals)
    return [
      compared(`approve → next activity started, p50 of ${approvals}`, quantile(ours, 0.5), quantile(bare, 0.5), 'ms', { atMost: 1.5 }),
      compared('approve → next activity started, p95', quantile(ours, 0.95), quantile(bare, 0.95), 'ms'),
    ]
  })
}

async function measure(system: System, lead: string, count: number): Promise<{ ours: number[]; bare: number[] }> {
  const [ours, bare]: [number[], number[]] = [[], []]
  for (let n = 0; n < count; n += 1) {
    const steps = [async () => { ours.push(await approveRelease(system, lead)) }, async () => { bare.push(await approveBare(system)) }]
    for (const step of n % 2 === 0 ? steps : steps.toReversed()) await step()
  }
  return { ours, bare }
}

async function approveRelease(system: System, lead: string): Promise<number> {
  const id = await system.release({ planText: approvalPlan(randomUUID()) })
  await system.until(id, ({ status }) => status === 'approving')
  await delay(SETTLE_MS) // what its start wrote is written
  const saidAtMs = nowMs()
  await system.call('POST', `/releases/${id}/approve`, {}, lead)
  await system.ended(id)
  return await activityStartedAtMs(system, releaseWorkflowId('default', id)) - saidAtMs
}

async function approveBare(system: System): Promise<number> {
  const id = randomUUID()
  const handle = await system.temporal.workflow.start(bareApproval, { workflowId: `bare/${id}`, taskQueue: BARE_QUEUE, args: [{ call: bareCall(id) }] })
  await delay(SETTLE_MS)
  const saidAtMs = nowMs()
  await handle.executeUpdate(bareApprove)
  await handle.result()
  return await activityStartedAtMs(system, handle.workflowId) - saidAtMs
}

/** When the server handed the job's activity to a worker. */
async function activityStartedAtMs({ temporal }: System, workflowId: string): Promise<number> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory()
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'script.execute')
  const started = events?.find((event) => event.activityTaskStartedEventAttributes?.scheduledEventId?.toString() === scheduled?.eventId?.toString())
  if (!scheduled || !started?.eventTime) throw new Error(`${workflowId} started no script.execute`)
  return Number(started.eventTime.seconds) * 1000 + (started.eventTime.nanos ?? 0) / 1e6
}
