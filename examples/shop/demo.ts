import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../embedded/ports.js'
import { endServices } from '../../embedded/services.js'
import { startEmbedded, type Embedded } from '../../embedded/start.js'
import { Traffic } from './traffic.js'

// npm run demo: a first version, a canary that is promoted, a bad version that its own metrics take back. All of it real.
const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const CLI = fileURLToPath(new URL('../../cli/bin.mjs', import.meta.url))
const ENDED_WELL = 0
const ROLLED_BACK = 3

const say = (text: string): void => { process.stdout.write(`\n\x1b[1m${text}\x1b[0m\n`) }
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error('interrupted')))

say('Starting PostgreSQL, Temporal, the gateway, a worker and the API …')
const HOME = '.releasectl/demo'
const embedded = await startEmbedded({ home: HOME, ports: await freePorts(), signal: stopping.signal, log: (line) => { console.log(line) } })
let exitCode = 1
try {
  console.log(`Temporal Web UI  ${embedded.urls.temporalUi}\nAPI              ${embedded.urls.docs}\nShop             ${embedded.urls.edge}`)
  exitCode = await showReleases(embedded)
} catch (error) {
  console.error(`the demo did not get to its end: ${error instanceof Error ? error.message : String(error)}`)
} finally {
  await endServices(HOME)
  await embedded.stop()
  rmSync(HOME, { recursive: true, force: true }) // the next demo begins at the beginning
}
process.exit(exitCode)

async function showReleases({ urls, tokenFile }: Embedded): Promise<number> {
  const admin = readFileSync(tokenFile, 'utf8').trim()
  const [ci, lead] = await Promise.all([token(urls.api, admin, 'ci', 'deployer'), token(urls.api, admin, 'lead', 'approver')])
  const approving = setInterval(() => { void approveAll(urls.api, lead) }, 1500)
  try {
    say('1. The first version: nothing is out yet, so it takes all traffic.')
    const first = await release(urls.api, ci, '1.0.0')
    const traffic = new Traffic(urls.edge)
    say('2. Version 2.0.0 by canary, with live traffic; “lead” approves after a moment.')
    const good = await release(urls.api, ci, '2.0.0')
    say('3. Version 2.1.0 fails three requests in ten: its own metrics take it back.')
    const bad = await release(urls.api, ci, '2.1.0', 'failRate=0.3')
    traffic.stop()
    const { requests, failed, versions, moves } = traffic.seen
    say('What the visitors saw')
    console.log(`${requests} requests, ${failed} failed; by version: ${Object.entries(versions).map(([version, count]) => `${version} ${count}`).join(', ')}`)
    console.log(`sessions that moved: ${[...new Set(moves)].map((move) => `${move} (${moves.filter((other) => other === move).length})`).join(', ') || 'none'}`)
    const asItShould = first === ENDED_WELL && good === ENDED_WELL && bad === ROLLED_BACK
    say(asItShould ? 'All three ended as they should.' : `Not as it should: ended with ${first}, ${good}, ${bad}; expected 0, 0, 3.`)
    return asItShould ? 0 : 1
  } finally { clearInterval(approving) }
}

/** `releasectl run … --watch`, as a person or CI would. Returns its exit code. */
function release(url: string, ci: string, version: string, ...variables: string[]): Promise<number> {
  const given = [`folder=${FOLDER}`, ...variables].flatMap((pair) => ['--var', pair])
  const child = spawn(process.execPath, [CLI, 'run', `${FOLDER}release.yaml`, '--project', 'shop', '--environment', 'production', '--version', version, ...given, '--watch'], {
    stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, RELEASECTL_URL: url, RELEASECTL_TOKEN: ci },
  })
  stopping.signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true })
  return new Promise((resolve, reject) => { child.on('error', reject).on('exit', (code) => { if (stopping.signal.aborted) reject(new Error('interrupted')); else resolve(code ?? 1) }) })
}

async function call(url: string, bearer: string, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) })
  const value = await answer.json() as Record<string, unknown>
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`)
  return value
}

async function token(url: string, admin: string, name: string, role: string): Promise<string> {
  return String((await call(url, admin, 'POST', '/tokens', { name, role }))['token'])
}

async function approveAll(url: string, lead: string): Promise<void> {
  const { items } = await call(url, lead, 'GET', '/approvals?status=pending') as { items: { releaseId: string; approval: { id: string } }[] }
  for (const { releaseId, approval: { id } } of items) await call(url, lead, 'POST', `/releases/${releaseId}/approve`, { approval: id, comment: 'looks good' }).catch(() => undefined) // decided meanwhile
}
