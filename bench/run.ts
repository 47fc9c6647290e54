import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { accept } from './accept.js'
import { approve } from './approve.js'
import { clusters } from './clusters.js'
import { containers } from './containers.js'
import { decision } from './decision.js'
import { fleet } from './fleet.js'
import { gateway } from './gateway.js'
import { parked } from './parked.js'
import { recovery } from './recovery.js'
import { machine, page, section, type Result } from './report.js'
import { remote } from './remote.js'
import type { Row } from './row.js'
import { stopSystems } from './system.js'
import { throughput } from './throughput.js'

// npm run bench: every section, then docs/performance.md. `-- --only accept,decision` runs some and writes no page, unless `--page docs/….md` names one.
// BENCH_ACCEPTS, _RELEASES, _ROUNDS, _APPROVALS, _DECISIONS, _KILLS, _PARKED, _TARGETS, _TURNS, _CANARIES, _SECONDS and _CONNECTIONS make it shorter or longer.
const SECTIONS: Record<string, { title: string; about: string; run: () => Promise<Row[]> }> = {
  accept: { title: 'Accepting a release', about: 'POST /releases beside a bare `client.workflow.start` and one INSERT, turn by turn, without a worker.', run: accept },
  throughput: { title: 'Releases a second', about: 'From the first POST until the last has ended, with lock and journal, beside bare workflows that run the same activities in the same worker.', run: throughput },
  approve: { title: 'From a yes to the next activity', about: 'POST …/approve beside a bare update, until the server hands the next activity out.', run: approve },
  decision: { title: 'From a bad request to the old version', about: 'Every request to the candidate fails; all parts are real processes; time until edge says by itself that the old weight is in force.', run: decision },
  recovery: { title: 'After kill -9 of everything', about: 'Worker, API, edge, Temporal and PostgreSQL at once, while a canary holds; each is started again by its supervisor.', run: recovery },
  parked: { title: 'Releases that wait', about: 'Parked on an approval, a concurrency key each; the resident memory of the worker process. The budget is that it stays once the cache is full, however many wait (1.1 is what garbage collection moves).', run: parked },
  fleet: { title: 'Thousands of targets', about: 'One rolling release on all of them, then all of it taken back; scripts that do nothing, rows, journal and child workflows as they are.', run: fleet },
  containers: { title: 'Containers', about: 'What the driver and the job kind add, beside the docker command doing the same on the same engine, turn by turn. A command starts a process each time; the worker does not.', run: containers },
  clusters: { title: 'Clusters', about: 'What the job kind adds, beside kubectl on the same API server, turn by turn; real controllers, nodes without containers (kwok).', run: clusters },
  remote: { title: 'Machines over SSH', about: 'A script by the driver, which keeps a record on the machine and runs each key once, beside the ssh command, turn by turn.', run: remote },
  edge: { title: 'The gateway', about: 'One upstream, one load loop, interleaved rounds; split, sticky hash and metrics on.', run: gateway },
}

const { values: { only, page: given } } = parseArgs({ options: { only: { type: 'string' }, page: { type: 'string' } } })
const names = only?.split(',') ?? Object.keys(SECTIONS)
const unknown = names.filter((name) => !(name in SECTIONS))
if (unknown.length > 0) throw new Error(`no section ${unknown.join(', ')}; there are: ${Object.keys(SECTIONS).join(', ')}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { void stopSystems().then(() => process.exit(130)) })

const before = machine()
const results: Result[] = []
const failed: string[] = []
for (const name of names) {
  const result = await resultOf(name)
  results.push(result)
  process.stdout.write(`${section(result).join('\n')}\n`)
}
const file = given ?? (only === undefined ? 'docs/performance.md' : null)
if (file !== null) {
  const chosen = Object.entries(process.env).flatMap(([name, value]) => name.startsWith('BENCH_') ? [`${name}=${value ?? ''}`] : [])
  const command = [...chosen, 'npm run bench', ...only === undefined && given === undefined ? [] : ['--', ...only === undefined ? [] : ['--only', only], ...given === undefined ? [] : ['--page', given]]].join(' ')
  writeFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), page(results, { before, after: machine(), command, at: new Date().toISOString().slice(0, 10) }))
}
process.exit(failed.length > 0 ? 1 : 0)

/** A section that fails says so in its table; the others run all the same. */
async function resultOf(name: string): Promise<Result> {
  const { title, about, run } = SECTIONS[name] as typeof SECTIONS[string]
  const startedAt = performance.now()
  const rows = await Promise.resolve().then(run).catch((error: unknown): Row[] => {
    failed.push(name)
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
    return [{ what: `${name} failed`, value: error instanceof Error ? error.message : String(error), baseline: '', ratio: null, budget: '', met: false }]
  })
  return { title, about, rows, tookMs: performance.now() - startedAt }
}
