import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { environmentWorkflowId, releaseWorkflowId, rollbackWorkflowId, type ReleaseView } from '../../domain/release.js'
import { endServices } from '../../embedded/services.js'
import { cli, startCli, type Ran } from '../cli/run-cli.js'
import { Installation } from '../support/installation.js'
import { Sessions } from '../support/sessions.js'
import { edgeRoute, SHOP } from '../support/shop-lane.js'

// One service's life by the command line alone, as people and CI type it: each test goes on where the one before stopped.
const PASSWORD = 'correct-horse-battery'
const API_TOKEN = 'tok/3n+of&the=plan'
const SECRETS = [PASSWORD, API_TOKEN, encodeURIComponent(API_TOKEN), Buffer.from(PASSWORD).toString('base64').slice(0, -2)]

let installation: Installation
const tokens = { admin: '', ci: '', lead: '' }
let folder = ''
const ids = { first: '', canary: '', queued: '' }
const said: string[] = []
beforeAll(async () => {
  installation = await Installation.start()
  folder = installation.folder
  tokens.admin = readFileSync(installation.embedded.tokenFile, 'utf8').trim()
  tokens.ci = await installation.token('ci', 'deployer')
  tokens.lead = await installation.token('lead', 'approver')
  const plan = PLAN.replace('EDGE', new URL(installation.embedded.urls.edge).port)
  writeFileSync(join(folder, 'plan.yaml'), plan)
  writeFileSync(join(folder, 'bad.yaml'), plan.replace('percentage: 20', 'percentage: 120'))
})
afterAll(async () => {
  await endServices(join(folder, 'home'))
  await installation.stop()
})

test('a plan is checked and explained, and a dry run starts nothing', async () => {
  const bad = await by('ci', 'validate', 'bad.yaml', ...given, '-o', 'json')
  expect(bad.code).toBe(2)
  expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, issues: [{ path: expect.stringMatching(/percentage$/) as string, line: lineOf('percentage: 20') }] })
  expect(await by('ci', 'validate', 'plan.yaml', ...given)).toMatchObject({ code: 0 })
  expect(await by('ci', 'explain', 'plan.yaml', ...given)).toMatchObject({ code: 0, stdout: expect.stringContaining('rollout') as string })
  expect(await by('ci', ...run('1.0.0'), '--dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('rollout') as string })
  expect(JSON.parse((await by('ci', 'list', '-o', 'json')).stdout)).toEqual([])
})

test('a first version goes out once another person than its author has approved it; the same key starts it once', async () => {
  const watching = by('ci', ...run('1.0.0'), '--idempotency-key', 'first', '--watch', '--debug')
  const { id } = await waitingForApproval('1.0.0')
  ids.first = id
  const again = await by('ci', ...run('1.0.0'), '--idempotency-key', 'first', '-o', 'json')
  expect(JSON.parse(again.stdout)).toMatchObject({ id })
  expect(await by('ci', 'approve', id)).toMatchObject({ code: 1 })
  expect(await by('lead', 'approvals')).toMatchObject({ code: 0, stdout: expect.stringContaining(id) as string })
  expect(await by('lead', 'approve', id, '--comment', 'looks good')).toMatchObject({ code: 0 })
  const { code, stdout } = await watching
  expect(code).toBe(0)
  expect(stdout).toMatch(/approval\.decided .*lead said approve/)
  expect(stdout).toMatch(/release\.ended +succeeded/)
  expect(await shown()).toBe('1.0.0')
})

test('a canary is paused, resumed and promoted by hand, while the next release waits its turn and is rejected', async () => {
  const sessions = new Sessions()
  sessions.start([shopUrl()], { each: 20, pauseMs: 200 })
  const watching = by('ci', ...run('2.0.0'), '--watch')
  ids.canary = (await waitingForApproval('2.0.0')).id
  expect(await by('lead', 'approve', ids.canary)).toMatchObject({ code: 0 })
  await installation.until(ids.canary, holds)
  expect(await edgeRoute(installation.embedded, 'shop')).toMatchObject({ stable: { version: '1.0.0' }, candidate: { version: '2.0.0' }, percent: 20 })
  expect(await by('ci', 'status', ids.canary)).toMatchObject({ code: 0, stdout: expect.stringMatching(/20 ?%/) as string })

  ids.queued = (JSON.parse((await by('ci', ...run('3.0.0'), '-o', 'json')).stdout) as { id: string }).id
  await installation.until(ids.queued, ({ status }) => status === 'queued')

  expect(await by('ci', 'pause', ids.canary, '--reason', 'lunch')).toMatchObject({ code: 0, stdout: expect.stringContaining('paused') as string })
  expect(await by('ci', 'pause', ids.canary)).toMatchObject({ code: 1, stderr: expect.stringContaining('already paused') as string })
  expect((await installation.view(ids.canary)).paused).toMatchObject({ by: 'ci' })
  expect(await by('ci', 'resume', ids.canary)).toMatchObject({ code: 0 })
  await installation.until(ids.canary, holds)
  expect(await by('ci', 'promote', ids.canary, '--full')).toMatchObject({ code: 0 })
  expect(await watching).toMatchObject({ code: 0, stdout: expect.stringMatching(/release\.ended +succeeded/) as string })
  await sessions.stop()
  expect(phasesOf(await installation.view(ids.canary))).toEqual(['20% passed', '50% skipped', '100% passed'])
  expect(Math.max(...[...sessions.seen.values()].map((versions) => versions.length))).toBe(2)

  await waitingForApproval('3.0.0')
  const rejected = by('ci', 'watch', ids.queued)
  expect(await by('lead', 'reject', ids.queued, '--comment', 'not on a Friday')).toMatchObject({ code: 0 })
  expect(await rejected).toMatchObject({ code: 4, stdout: expect.stringContaining('not on a Friday') as string })
  expect(await shown()).toBe('2.0.0')
})

test('a release that has succeeded is rolled back: exit 3, and the old version runs and serves again', async () => {
  const old = await edgeRoute(installation.embedded, 'shop')
  expect(await by('ci', 'rollback', ids.canary, '--reason', 'complaints', '--watch')).toMatchObject({ code: 3, stdout: expect.stringMatching(/rolled back by ci: complaints/) as string })
  expect(await edgeRoute(installation.embedded, 'shop')).toMatchObject({ stable: { id: ids.first, version: '1.0.0' }, candidate: null, percent: 0 })
  expect(await shown()).toBe('1.0.0')
  await expect(fetch(String(old?.stable?.url))).rejects.toThrow() // the version taken back does not run on
  expect(await by('ci', 'rollback', ids.canary)).toMatchObject({ code: 1, stderr: expect.stringContaining('rolled back') as string })
})

test('lists, states and logs tell of all of them', async () => {
  const rows = JSON.parse((await by('ci', 'list', '--project', 'shop', '-o', 'json')).stdout) as { id: string; status: string }[]
  expect(rows.map(({ id, status }) => [id, status])).toEqual([[ids.queued, 'rejected'], [ids.canary, 'rolled_back'], [ids.first, 'succeeded']])
  expect(await by('ci', 'status', ids.canary)).toMatchObject({ code: 0, stdout: expect.stringContaining('rolled back') as string })
  expect(await by('ci', 'watch', ids.canary)).toMatchObject({ code: 3 })
  expect(await by('ci', 'logs', ids.canary, '--job', 'configure')).toMatchObject({ code: 0, stdout: expect.stringContaining('password is ***, token is ***') as string })
})

test('a token works until it is revoked, and only for what its role may do', async () => {
  const { code, stdout } = await by('admin', 'tokens', 'create', 'guest', '--role', 'viewer', '-o', 'json')
  expect(code).toBe(0)
  const { id, token } = JSON.parse(stdout) as { id: string; token: string }
  const guest = (...args: string[]): Promise<Ran> => cli(args, { folder, env: { RELEASECTL_URL: installation.embedded.urls.api, RELEASECTL_TOKEN: token, API_TOKEN } })
  expect(await guest('list')).toMatchObject({ code: 0 })
  expect(await guest(...run('4.0.0'))).toMatchObject({ code: 1, stderr: expect.stringContaining('deployer') as string })
  expect(await by('ci', 'tokens', 'revoke', id)).toMatchObject({ code: 1 })
  expect(await by('admin', 'tokens', 'revoke', id)).toMatchObject({ code: 0 })
  expect(await guest('list')).toMatchObject({ code: 1 })
})

test('no secret is in any answer, event, log, workflow history or file but the records of what ran with it', async () => {
  const answers = await Promise.all(Object.values(ids).flatMap((id) => ['', '/events?limit=200', '/logs'].map((part) => installation.call('GET', `/releases/${id}${part}`))))
  const others = await Promise.all(['/releases', '/audit?limit=200', '/approvals', '/tokens'].map((path) => installation.call('GET', path)))
  const told = JSON.stringify([answers, others, said])
  expect(told).toContain('password is ***, token is ***')
  expect(SECRETS.filter((secret) => told.includes(secret))).toEqual([])

  const history = await histories()
  expect(history).toContain('password is ***, token is ***') // so it is read as it is written
  expect(SECRETS.filter((secret) => history.includes(secret))).toEqual([])

  const home = join(folder, 'home')
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const holding = files.filter((file) => { const bytes = whatIsIn(file); return SECRETS.some((secret) => bytes.includes(secret)) })
  expect(files.map((file) => basename(file))).toEqual(expect.arrayContaining(['temporal.db', 'worker.log', 'api.log']))
  expect([...new Set(holding.map((file) => file.slice(home.length + 1).split('/')[0]))].toSorted(), holding.join(' ')).toEqual(['runs', 'services'])
})

/** PostgreSQL and Temporal go on: a file may be gone by now. */
function whatIsIn(file: string): Buffer {
  try { return readFileSync(file) } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

const given = ['--var', `folder=${SHOP}`, '--var', `password=${PASSWORD}`]
const run = (version: string): string[] => ['run', 'plan.yaml', '--project', 'shop', '--environment', 'production', '--version', version, ...given]
const lineOf = (text: string): number => PLAN.split('\n').findIndex((line) => line.includes(text)) + 1

/** A command by one of the three; what it says is kept. */
async function by(who: keyof typeof tokens, ...args: string[]): Promise<Ran> {
  const ran = await startCli(args, { folder, env: { RELEASECTL_URL: installation.embedded.urls.api, RELEASECTL_TOKEN: tokens[who], API_TOKEN } }).ran
  said.push(ran.stdout, ran.stderr)
  return ran
}

async function waitingForApproval(version: string): Promise<{ id: string }> {
  for (;;) {
    const { items } = await installation.call<{ items: { id: string }[] }>('GET', `/releases?project=shop&version=${version}`)
    const [found] = items
    if (found) { await installation.until(found.id, ({ status }) => status === 'approving'); return found }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

const holds = ({ waiting }: ReleaseView): boolean => waiting.some(({ what, where }) => what === 'hold' && where.startsWith('shop at 20%'))
const phasesOf = ({ stages }: ReleaseView): string[] => stages.flatMap(({ jobs }) => jobs).flatMap(({ phases }) => phases).map(({ percent, status }) => `${percent}% ${status}`)
const shopUrl = (): string => `${installation.embedded.urls.edge}/shop/`
const shown = async (): Promise<unknown> => (await (await fetch(shopUrl())).json() as { shop?: string }).shop

/** Every text of every workflow's history, payloads decoded. */
async function histories(): Promise<string> {
  const connection = await Connection.connect({ address: installation.embedded.temporalAddress })
  try {
    const { workflow } = new Client({ connection })
    const key = (await installation.view(ids.first)).concurrency.key
    const workflowIds = [...Object.values(ids).map((id) => releaseWorkflowId('default', id)), rollbackWorkflowId('default', ids.canary, 1), environmentWorkflowId('default', key)]
    return (await Promise.all(workflowIds.map(async (id) => textOf(await workflow.getHandle(id).fetchHistory())))).join('\n')
  } finally { await connection.close() }
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? Object.values(value).map(textOf).join('\n') : ''
}

const PLAN = `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: shop }
variables:
  folder: { type: plain, description: where service.mjs lies }
  password: { type: secret, description: of the database }
concurrency: { key: shop/production, policy: queue }
stages:
  - name: prepare
    jobs:
      - name: configure
        type: script
        config:
          script: |
            echo "password is $password, token is $API_TOKEN"
            echo "to stderr: $password" >&2
            echo "leaked=$password" >> "$RELEASECTL_OUTPUT"
          environment: { API_TOKEN: "\${env.API_TOKEN}" }
  - name: ship
    requireApproval: true
    approval: { approvers: [lead], expires: 1h }
    jobs:
      - name: rollout
        type: rollout
        config:
          service: shop
          deploy:
            type: process
            command: [node, service.mjs]
            workDir: "\${variables.folder}"
            environment: { VERSION: "\${RELEASE_VERSION}", API_TOKEN: "\${env.API_TOKEN}" }
            health: { path: /health }
            drain: 1s
          route: { gateway: edge, name: shop, listen: { port: EDGE, path: /shop } }
          strategy:
            type: canary
            sticky: { by: cookie, name: sid }
            phases:
              - { percentage: 20, duration: 10m, minRequests: 1, successCriteria: { errorRate: "<20%" } }
              - { percentage: 50, duration: 10m, minRequests: 1, successCriteria: { errorRate: "<20%" } }
              - { percentage: 100, duration: 2s, minRequests: 3, successCriteria: { errorRate: "<20%" } }
`
