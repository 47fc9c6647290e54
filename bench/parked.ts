import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { getHeapStatistics } from 'node:v8'
import { setTimeout as delay } from 'node:timers/promises'
import { releaseWorkflowId } from '../domain/release.js'
import { approvalPlan } from './plans.js'
import { compared, measured, told, type Row } from './row.js'
import { inLanes, setting } from './statistics.js'
import { withSystem, type System, type SystemOptions } from './system.js'
import { BENCH_WORKER } from './throughput.js'

const AT_ONCE = 8
const IDLE_MS = 10_000
/** Parking takes at most this long. */
const [SHORT_MS, LONG_MS] = [60_000, 180_000]
const MIB = 1024 * 1024
/** A release and the lock of its key. */
const WORKFLOWS_EACH = 2
/** What garbage collection moves by itself. */
const NOISE = 1.1

/**
 * Releases that wait for an approval, and the memory of the worker that holds them: with a small cache that is soon full, then
 * with worker.ts as it is. A machine that is too slow parks fewer, and the rows say how many.
 */
export async function parked(): Promise<Row[]> {
  const releases = setting('BENCH_PARKED', 2000)
  const [few, small] = [Math.ceil(releases / 4), Math.max(20, Math.floor(releases / 40))]
  return [
    ...await park({ releases: few, cache: small, withinMs: SHORT_MS, name: `a cache of ${small} workflows`, options: { entries: BENCH_WORKER, environment: { BENCH_CACHE: String(small) } } }),
    ...await park({ releases, cache: usualCache(), withinMs: LONG_MS, name: 'worker.ts as it is', options: {} }),
  ]
}

interface Parking { releases: number; cache: number; withinMs: number; name: string; options: SystemOptions }

/** Parked in two parts: until the cache is full (and half of them are parked: a young heap grows by itself), and what comes past it. */
function park({ releases, cache, withinMs, name, options }: Parking): Promise<Row[]> {
  return withSystem(options, async (system) => {
    const deadline = Date.now() + withinMs
    const fills = Math.max(Math.ceil(cache / WORKFLOWS_EACH), Math.ceil(releases / 2))
    const before = await rssMib(system)
    const first = await parkMore(system, Math.min(fills, releases), deadline)
    const full = await rssMib(system)
    const all = await parkMore(system, releases - first, deadline)
    const after = await rssMib(system)
    await delay(IDLE_MS)
    const { historyLength, historySize } = await system.temporal.workflow.getHandle(releaseWorkflowId('default', await lastId(system))).describe()
    return [
      told(`${name}: maxCachedWorkflows (a release and its lock are two)`, String(cache)),
      compared(`${name}: worker RSS with ${first} releases parked, beside an idle worker`, full, before, 'MiB'),
      first < fills || all === first ? told(`${name}: worker RSS past its cache`, `not measured: ${all} releases do not fill it`)
        : compared(`${name}: worker RSS with ${all} parked, past its cache, beside ${first}`, after, full, 'MiB', { atMost: NOISE }),
      compared(`${name}: worker RSS ${IDLE_MS / 1000} s later, beside when ${all} were just parked`, await rssMib(system), after, 'MiB', { atMost: NOISE }),
      measured(`${name}: history of a parked release`, historyLength, 'events'),
      measured(`${name}: history of a parked release, size`, (historySize ?? NaN) / 1024, 'KiB'),
    ]
  })
}

/** So many more, while there is time. Returns how many wait for their approval in all, once all that were accepted do. */
async function parkMore(system: System, more: number, deadline: number): Promise<number> {
  await inLanes(AT_ONCE, Array.from({ length: more }), async () => { if (Date.now() < deadline) await system.release({ planText: approvalPlan(randomUUID()) }) })
  for (const until = Date.now() + LONG_MS; ; await delay(200)) {
    const { rows } = await system.sql.query<{ all: number; parked: number }>(`SELECT count(*)::int AS all, (count(*) FILTER (WHERE status = 'approving'))::int AS parked FROM "Release"`)
    const { all, parked } = rows[0] ?? { all: 0, parked: 0 }
    if (all === parked) return parked
    if (Date.now() > until) throw new Error(`only ${parked} of ${all} releases wait for their approval after ${LONG_MS / 1000} s`)
  }
}

async function lastId({ sql }: System): Promise<string> {
  const { rows } = await sql.query<{ id: string }>('SELECT id FROM "Release" ORDER BY "acceptedAt" DESC LIMIT 1')
  return rows[0]?.id ?? ''
}

async function rssMib({ embedded }: System): Promise<number> {
  const pid = embedded.children().worker?.pid
  const status = await readFile(`/proc/${pid ?? ''}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024 / MIB
}

/** The SDK's own rule where `maxCachedWorkflows` is left out (WorkerOptions), for a process of the same heap limit as this one. */
const usualCache = (): number => Math.max(Math.floor(Math.max(getHeapStatistics().heap_size_limit / MIB - 200, 0) * 600 / 1024), 10)
