// Stages with targets over HTTP and the command line: real PostgreSQL, real Temporal, real rows; only scripts are made up.
import { setTimeout as sleep } from 'node:timers/promises'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseView } from '../../domain/release.js'
import type { TargetRun } from '../../domain/target-run.js'
import { cli } from '../cli/run-cli.js'
import { temporalServer } from '../support/servers.js'
import { ApiWorld } from './api-world.js'
import { ReleaseWorker } from './release-worker.js'

let world: ApiWorld
let worker: ReleaseWorker
let url: string
beforeAll(async () => {
  const { address } = await temporalServer()
  world = await ApiWorld.open({ temporal: address })
  worker = await ReleaseWorker.start(world, address)
  url = await world.app.listen({ host: '127.0.0.1', port: 0 })
  await world.ask('deployer', 'POST', '/projects', { name: 'shop' })
  const { id } = (await world.ask('deployer', 'POST', '/projects/shop/environments', { name: 'prod' })).json<{ id: string }>()
  for (const [name, priority] of [['c-1', 3], ['c-2', 2], ['c-3', 1]] as const) await world.ask('deployer', 'POST', `/environments/${id}/targets`, { name, type: 'host', host: `${name}.test`, labels: { role: 'web' }, priority })
})
afterAll(async () => {
  await worker.stop()
  await world.close()
})

const plan = (strategy: string) => `apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: shop, version: 1.0.0 }
stages:
  - name: ship
    targets: { selector: { role: web } }
    strategy: ${strategy}
    jobs: [{ name: update, type: script, config: { script: "true", rollbackScript: "true" } }]
`
const start = async (strategy: string): Promise<string> => (await world.ask('deployer', 'POST', '/releases', { project: 'shop', environment: 'prod', planText: plan(strategy) })).json<{ id: string }>().id
const view = async (id: string): Promise<ReleaseView> => (await world.ask('viewer', 'GET', `/releases/${id}`)).json<ReleaseView>()
const targets = async (id: string, query = ''): Promise<{ items: TargetRun[]; next: string | null }> => (await world.ask('viewer', 'GET', `/releases/${id}/targets${query}`)).json()
async function until(id: string, what: (view: ReleaseView) => boolean): Promise<ReleaseView> {
  for (;;) {
    const seen = await view(id)
    if (what(seen)) return seen
    await sleep(100)
  }
}
const ended = (id: string) => until(id, ({ endedAt }) => endedAt !== null)

test('a release on targets keeps each target with its jobs, page by page, and is taken back on all of them', async () => {
  const id = await start('{ type: rolling, batchSize: 3 }')
  expect(await ended(id)).toMatchObject({ status: 'succeeded', stages: [{ fleet: { total: 3, counts: { succeeded: 3 }, waves: [{ name: 'all', done: 3, status: 'passed' }] } }] })
  const first = await targets(id, '?limit=2')
  const second = await targets(id, `?limit=2&cursor=${first.next ?? ''}`)
  expect([...first.items, ...second.items].map(({ target, status, jobs }) => [target.name, status, jobs[0]?.status])).toEqual([['c-1', 'succeeded', 'succeeded'], ['c-2', 'succeeded', 'succeeded'], ['c-3', 'succeeded', 'succeeded']])
  expect(JSON.stringify(first)).not.toContain('rollbackScript')
  expect((await world.ask('deployer', 'POST', `/releases/${id}/rollback`)).statusCode).toBe(200)
  expect(await until(id, ({ status }) => status === 'rolled_back')).toMatchObject({ stages: [{ fleet: { counts: { undone: 3 } } }] })
  expect((await targets(id, '?status=undone')).items).toHaveLength(3)
  await world.addToken({ name: 'elsewhere', role: 'admin', tenant: 'other' })
  expect((await world.ask('elsewhere', 'GET', `/releases/${id}/targets`)).statusCode).toBe(404)
})

test('a dry run tells whom a stage would take, wave by wave, to the API and to the command line; no target is marked', async () => {
  const answer = await world.ask('deployer', 'POST', '/releases', { project: 'shop', environment: 'prod', planText: plan('{ type: canary, canaryTargets: [c-2], batchSize: 2 }'), options: { dryRun: true } })
  expect(answer.json()).toMatchObject({ preview: {
    fleets: [{ stage: 'ship', total: 3, batch: 2, waves: [{ name: 'canary', total: 1, targets: [{ name: 'c-2', presence: 'unknown' }] }, { total: 2, targets: [{ name: 'c-1' }, { name: 'c-3' }], more: 0 }] }],
    jobs: [{ job: 'update', target: 'c-2', changes: [{ what: 'update', action: 'run' }] }, { target: 'c-1' }, { target: 'c-3' }],
  } })
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-plan-'))
  await writeFile(join(folder, 'plan.yaml'), plan('{ type: rolling, batchSize: 3 }'))
  const env = { RELEASECTL_TOKEN: world.token('deployer') }
  for (const command of [['run', '--dry-run'], ['explain', '--diff']]) {
    const [verb = '', ...options] = command
    expect((await cli([verb, 'plan.yaml', ...options, '-p', 'shop', '-e', 'prod', '--url', url], { folder, env })).stdout)
      .toContain('  ship on 3 targets: 3 at a time, at most 20 at work\n      c-1, c-2, c-3\n        update [script]\n          ▸ update\n')
  }
})

test('a release\'s report has its targets with the jobs on each, as JSON, Markdown and a page', async () => {
  const id = await start('{ type: canary, canaryTargets: [c-2] }')
  await ended(id)
  const report = async (format: string) => (await world.ask('viewer', 'GET', `/releases/${id}/report?format=${format}`)).body
  expect(JSON.parse(await report('json'))).toMatchObject({ stages: [{ name: 'ship', jobs: [], fleet: {
    total: 3, counts: { succeeded: 3 }, waves: [{ name: 'canary', targets: 1, status: 'passed' }, { targets: 2, failed: 0 }],
    targets: [{ name: 'c-2', wave: 'canary', status: 'succeeded', passes: 1, jobs: [{ name: 'update', kind: 'script', status: 'succeeded', attempts: 1, message: 'ran' }] }, { name: 'c-1' }, { name: 'c-3' }],
  } }] })
  expect(await report('markdown')).toMatch(/## Targets of ship\n\n3: 3 succeeded\n[^]*\| \*\*c-2\*\* \|  \| canary \| succeeded \| 1 \|[^]*\n\|  \| update \(script\) \|  \| succeeded \| 1 \| \S* \| ran \|/)
  expect(await report('html')).toMatch(/<h2>Targets of ship<\/h2>[^]*<td>c-2<\/td>[^]*<td>update \(script\)<\/td><td><\/td><td class="succeeded">/)
})

test('one target is taken back and run again over HTTP and the command line, while the release waits for a yes', async () => {
  const id = await start('{ type: canary, canaryTargets: [c-1], autoPromote: false }')
  await until(id, ({ approvals }) => approvals.length > 0)
  const post = (target: string, verb: string, who = 'deployer') => world.ask(who, 'POST', `/releases/${id}/targets/${target}/${verb}`, { reason: 'a look' })
  expect((await post('c-1', 'rollback', 'viewer')).statusCode).toBe(403)
  expect((await post('c-2', 'rollback')).json()).toMatchObject({ status: 409, code: 'RELEASE_CONFLICT', detail: 'c-2 is pending: nothing has been done to it yet' })
  expect((await post('c-1', 'rollback')).statusCode).toBe(200)
  await until(id, ({ stages }) => stages[0]?.fleet?.counts.undone === 1)
  expect(worker.trace.at(-1)).toBe('undo update')
  const as = async (...args: string[]) => cli([...args, '--url', url], { env: { RELEASECTL_TOKEN: world.token('deployer') } })
  expect((await as('retry', id, '--target', 'c-1')).stdout).toContain('retry of c-1 taken')
  await until(id, ({ stages }) => stages[0]?.fleet?.counts.succeeded === 1)
  expect((await targets(id, '?target=c-1')).items).toMatchObject([{ pass: 2, jobs: [{ name: 'update', attempt: 2 }] }])
  const tree = (await as('status', id)).stdout
  expect(tree).toMatch(/on each {2}update \(script\)\n.*3 targets {2}.*2 pending/)
  expect(tree).not.toMatch(/○ update/)
  expect(tree).toMatch(/✔ canary .*1 of 1/)
  expect((await as('status', id, '--targets')).stdout).toMatch(/✔ c-1 .*ship.*succeeded\s*\S*\n│ ✔ update/)
  expect(JSON.parse((await as('status', id, '-o', 'json')).stdout)).toMatchObject({ stages: [{ fleet: { total: 3 } }] })
  await world.ask('approver', 'POST', `/releases/${id}/approve`)
  expect((await ended(id)).status).toBe('succeeded')
  expect((await post('c-1', 'rollback')).json()).toMatchObject({ code: 'RELEASE_CONFLICT', detail: expect.stringContaining('too late') as string })
  const audited = (await world.ask('admin', 'GET', '/audit?limit=50')).json<{ items: { action: string; data: object }[] }>().items.filter(({ action }) => action.endsWith('-target'))
  expect(audited.map(({ action, data }) => [action, (data as { outcome: string }).outcome])).toEqual([
    ['release.rollback-target', 'refused'], ['release.retry-target', 'taken'], ['release.rollback-target', 'taken'], ['release.rollback-target', 'refused'],
  ])
})
