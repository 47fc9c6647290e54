import { randomUUID } from 'node:crypto'
import { stepsPlan } from './plans.js'
import { compared, type Row } from './row.js'
import { quantile, setting, timed } from './statistics.js'
import { withSystem, type System } from './system.js'

const WARM_UP = 20
const NOBODY = 'a-queue-without-a-worker'
const STORED = stepsPlan(null, 5)

/**
 * POST /releases of a stored plan with five jobs beside what one would write by hand: one INSERT of the request into the same
 * PostgreSQL, and a bare `client.workflow.start` with it as its argument. No worker runs: only accepting is measured.
 */
export function accept(): Promise<Row[]> {
  const requests = setting('BENCH_ACCEPTS', 300)
  return withSystem({ parts: ['postgres', 'temporal', 'api'] }, async (system) => {
    await system.sql.query('CREATE TABLE bare_release (id text PRIMARY KEY, request jsonb NOT NULL, "acceptedAt" timestamptz NOT NULL DEFAULT now())')
    await system.call('POST', '/plans', { planText: STORED })
    await measure(system, WARM_UP)
    const { stored, inline, bare } = await measure(system, requests)
    return [
      compared(`accept a release of a stored plan, p50 of ${requests}`, quantile(stored, 0.5), quantile(bare, 0.5), 'ms', { atMost: 1.5 }),
      compared('accept a release of a stored plan, p95', quantile(stored, 0.95), quantile(bare, 0.95), 'ms', { atMost: 1.5 }),
      compared('accept a release whose plan is new and in the request, p50', quantile(inline, 0.5), quantile(bare, 0.5), 'ms'),
    ]
  })
}

interface Times { stored: number[]; inline: number[]; bare: number[] }

/** One of each, turn by turn; who begins changes. Each release has a key of its own. */
async function measure(system: System, requests: number): Promise<Times> {
  const times: Times = { stored: [], inline: [], bare: [] }
  for (let n = 0; n < requests; n += 1) {
    const id = randomUUID()
    const request = { project: id, environment: 'bench', version: '1.0.0' }
    const steps = [
      async () => { times.stored.push(await timed(() => system.call('POST', '/releases', { ...request, plan: { name: 'steps' } }))) },
      async () => { times.inline.push(await timed(() => system.call('POST', '/releases', { ...request, planText: stepsPlan(id, 5) }))) },
      async () => { times.bare.push(await timed(() => acceptBare(system, id, { ...request, planText: STORED }))) },
    ]
    for (const step of [...steps.slice(n % 3), ...steps.slice(0, n % 3)]) await step()
  }
  return times
}

async function acceptBare({ sql, temporal }: System, id: string, request: object): Promise<void> {
  await sql.query('INSERT INTO bare_release (id, request) VALUES ($1, $2)', [id, JSON.stringify(request)])
  await temporal.workflow.start('bareRelease', { workflowId: `bare/${id}`, taskQueue: NOBODY, args: [request] })
}
