import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { releaseWorkflowId, rollbackWorkflowId, type ReleaseView } from '../domain/release.js'
import { BARE_QUEUE, bareCall } from './bare/call.js'
import { bareSteps } from './bare/workflows.js'
import { fleetPlan } from './plans.js'
import { compared, measured, told, type Row } from './row.js'
import { inLanes, setting, timed } from './statistics.js'
import { withSystem, type System } from './system.js'
import { BENCH_WORKER } from './throughput.js'

const PARALLEL = 25
const WITHIN_MS = 1_800_000
const LOOK_MS = 500
/** From here on Temporal warns; it ends a workflow at five times that. */
const WARNS_AT = { events: 10_240, kib: 10 * 1024 }
/** The journal and the view of the release grow with the waves, not with the targets. */
const RELEASE_EVENTS = 1000

interface Size { events: number; kib: number }

/** A rolling release of thousands of targets and its taking back: how long, how large its histories are, what the worker holds. */
export function fleet(): Promise<Row[]> {
  const targets = setting('BENCH_TARGETS', 2000)
  return withSystem({ entries: BENCH_WORKER }, async (system) => {
    await addTargets(system, targets)
    const idle = await rssMib(system)
    const bareMs = await timed(() => inLanes(PARALLEL, Array.from({ length: targets }, () => randomUUID()), async (id) =>
      system.temporal.workflow.execute(bareSteps, { workflowId: `bare/${id}`, taskQueue: BARE_QUEUE, args: [{ call: bareCall(id), steps: 1 }] })))
    const before = await rssMib(system)
    const out = await ended(system, () => system.release({ planText: fleetPlan(PARALLEL), project: 'fleet' }), 'succeeded')
    const release = releaseWorkflowId('default', out.id)
    const [own, waves, children] = [await sizeOf(system, release), await runsOf(system, `${release}/roll/wave-1`), await inLanes(8, Array.from({ length: targets }, (_, n) => nameOf(n)), (name) => sizeOf(system, `${release}/roll/${name}`))]
    const back = await ended(system, async () => { await system.call('POST', `/releases/${out.id}/rollback`); return out.id }, 'rolled_back')
    const undo = rollbackWorkflowId('default', out.id, 1)
    const undos = await runsOf(system, `${undo}/roll/undo`)
    return [
      compared(`rolling release of ${targets} targets, one job each, ${PARALLEL} at work; beside ${targets} bare workflows that run the same activity, ${PARALLEL} at once`, out.tookMs / 1000, bareMs / 1000, 's'),
      measured('targets a second', targets / out.tookMs * 1000, 'a second'),
      measured('taking all of them back', back.tookMs / 1000, 's'),
      measured('history of the release', own.events, 'events', { atMost: RELEASE_EVENTS }), measured('history of the release, size', own.kib, 'KiB', { atMost: WARNS_AT.kib }),
      told('runs of the wave, each a history of its own', String(waves.length)),
      measured('largest history of a run of the wave', largest(waves).events, 'events', { atMost: WARNS_AT.events }), measured('largest history of a run of the wave, size', largest(waves).kib, 'KiB', { atMost: WARNS_AT.kib }),
      measured('largest history of a target', largest(children).events, 'events'), measured('largest history of a target, size', largest(children).kib, 'KiB'),
      measured('history of the taking back', (await sizeOf(system, undo)).events, 'events', { atMost: RELEASE_EVENTS }),
      measured('largest history of a run that takes the targets back', largest(undos).events, 'events', { atMost: WARNS_AT.events }),
      measured('the release\'s view, as it is answered', JSON.stringify(back.view).length / 1024, 'KiB'),
      compared('worker RSS at its highest while the targets were at work, beside before (the bare ones had run)', out.peakMib, before, 'MiB'),
      told('worker RSS before anything had run', `${idle.toFixed(0)} MiB`),
    ]
  })
}

const nameOf = (n: number): string => `t-${String(n).padStart(5, '0')}`

/** Machines behind a bastion: nobody knocks at them. */
async function addTargets(system: System, count: number): Promise<void> {
  await system.call('POST', '/projects', { name: 'fleet' })
  const { id } = await system.call<{ id: string }>('POST', '/projects/fleet/environments', { name: 'bench' })
  await inLanes(4, Array.from({ length: count }, (_, n) => nameOf(n)), (name) => system.call('POST', `/environments/${id}/targets`, { name, type: 'host', config: { ssh: { host: '127.0.0.1', bastion: { host: '127.0.0.1' } } } }))
}

/** @throws Error when it ends otherwise */
async function ended(system: System, start: () => Promise<string>, as: string): Promise<{ id: string; tookMs: number; peakMib: number; view: ReleaseView }> {
  const from = performance.now()
  const id = await start()
  let peakMib = 0
  for (const until = Date.now() + WITHIN_MS; ; await delay(LOOK_MS)) {
    peakMib = Math.max(peakMib, await rssMib(system))
    const view = await system.call<ReleaseView>('GET', `/releases/${id}`)
    if (view.status === as && view.endedAt !== null) return { id, tookMs: performance.now() - from, peakMib, view }
    if (view.endedAt !== null && as === 'succeeded') throw new Error(`the release on targets ended ${view.status}: ${view.reason ?? ''}`)
    if (Date.now() > until) throw new Error(`the release on targets is ${view.status} after ${WITHIN_MS / 60_000} min`)
  }
}

async function sizeOf({ temporal }: System, workflowId: string, runId?: string): Promise<Size> {
  const { historyLength, historySize } = await temporal.workflow.getHandle(workflowId, runId).describe()
  return { events: historyLength, kib: (historySize ?? NaN) / 1024 }
}

/** Every run of a workflow that went on as a new one. */
async function runsOf(system: System, workflowId: string): Promise<Size[]> {
  const sizes: Size[] = []
  let runId = (await system.temporal.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.firstRunId ?? ''
  while (runId !== '') {
    sizes.push(await sizeOf(system, workflowId, runId))
    const last = (await system.temporal.workflow.getHandle(workflowId, runId).fetchHistory()).events?.at(-1)
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? ''
  }
  return sizes
}
const largest = (sizes: Size[]): Size => ({ events: Math.max(...sizes.map(({ events }) => events)), kib: Math.max(...sizes.map(({ kib }) => kib)) })

async function rssMib({ embedded }: System): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${embedded.children().worker?.pid ?? ''}/status`, 'utf8'))?.[1]) / 1024
}
