import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { getHeapStatistics } from 'node:v8'
import { setTimeout as delay } from 'node:timers/promises'
import { releaseWorkflowId } from '../domain/release.js'
import { approvalPlan } from './plans.js'
import { compared, measured, told, type Row } from './row.js'
import { inLanes, setting } from './statistics.js'
import { withSystem, type System } from './system.js'
import { BENCH_WORKER } from './throughput.js'

const AT_ONCE = 8
const IDLE_MS = 10_000
const MIB = 1024 * 1024
/** A release and the lock of its key. */
const WORKFLOWS_EACH = 2
/** What garbage collection moves by itself. */
const NOISE = 1.1

/** Releases that wait for an approval, and the memory of the worker that holds them: with a small cache that is soon full, then with worker.ts as it is. */
export async function parked(): Promise<Row[]> {
  const releases = setting('BENCH_PARKED', 2000)
  const [few, small] = [Math.ceil(releases / 4), Math.max(20, Math.floor(releases / 40))]
  return [
    ...await park({ releases: few, cache: small, name: `a cache of ${small} workflows`, options: { entries: BENCH_WORKER, environment: { BENCH_CACHE: String(small) } } }),
    ...await park({ releases, cache: usualCache(), name: 'worker.ts as it is', options: {} }),
  ]
}

interface Parking { releases: number; cache: number; name: string; options: Parameters<typeof withSystem>[0] }

/** Parked in two parts: until the cache is full (and half of them are parked: a young heap grows by itself), and what comes past it. */
function park({ releases, cache, name, options }: Parking): Promise<Row[]> {
  return withSystem(options, async (system) => {
    const fills = Math.min(releases, Math.max(Math.ceil(cache / WORKFLOWS_EACH), Math.ceil(releases / 2)))
    const before = await rssMib(system)
    await parkMore(system, 0, fills)
    const full = await rssMib(system)
    const last = await parkMore(system, fills, releases)
    const after = await rssMib(system)
    await delay(IDLE_MS)
    const idle = await rssMib(system)
    const { historyLength, historySize } = await system.temporal.workflow.getHandle(releaseWorkflowId('default', last)).describe()
    const past = releases - fills
    return [
      told(`${name}: maxCachedWorkflows (a release and its lock are two)`, String(cache)),
      compared(`${name}: worker RSS when ${fills} releases are parked, beside an idle worker`, full, before, 'MiB'),
      past === 0 ? told(`${name}: worker RSS past its cache`, `not measured: ${releases} releases do not fill it`)
        : compared(`${name}: worker RSS when ${past} more are parked, past its cache, beside the full cache`, after, full, 'MiB', { atMost: NOISE }),
      compared(`${name}: worker RSS ${IDLE_MS / 1000} s later, beside when all were parked`, idle, after, 'MiB', { atMost: NOISE }),
      measured(`${name}: history of a parked release`, historyLength, 'events'),
      measured(`${name}: history of a parked release, size`, (historySize ?? NaN) / 1024, 'KiB'),
    ]
  })
}

/** Until `to` wait for their approval, by the database. Returns the last one's id. */
async function parkMore(system: System, from: number, to: number): Promise<string> {
  const ids = await inLanes(AT_ONCE, Array.from({ length: to - from }), () => system.release({ planText: approvalPlan(randomUUID()) }))
  for (const until = Date.now() + 300_000; ; await delay(200)) {
    const { rows } = await system.sql.query<{ count: number }>(`SELECT count(*)::int AS count FROM "Release" WHERE status = 'approving'`)
    if (rows[0]?.count === to) break
    if (Date.now() > until) throw new Error(`${rows[0]?.count ?? 0} of ${to} releases are parked after 300 s`)
  }
  const { rows } = await system.sql.query<{ id: string }>('SELECT id FROM "Release" ORDER BY "acceptedAt" DESC LIMIT 1')
  return ids.at(-1) ?? rows[0]?.id ?? ''
}

async function rssMib({ embedded }: System): Promise<number> {
  const pid = embedded.children().worker?.pid
  const status = await readFile(`/proc/${pid ?? ''}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024 / MIB
}

/** The SDK's own rule where `maxCachedWorkflows` is left out (WorkerOptions), for a process of the same heap limit as this one. */
const usualCache = (): number => Math.max(Math.floor(Math.max(getHeapStatistics().heap_size_limit / MIB - 200, 0) * 600 / 1024), 10)
