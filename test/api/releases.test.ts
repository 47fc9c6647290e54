import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEnding } from '../../domain/release.js'
import { temporalServer } from '../support/servers.js'
import { ApiWorld } from './api-world.js'
import { scriptPlan } from './plans-as-text.js'
import { ReleaseWorker } from './release-worker.js'

const { address } = await temporalServer()
const world = await ApiWorld.open({ temporal: address })
let worker: ReleaseWorker
beforeAll(async () => { worker = await ReleaseWorker.start(world, address) })
afterAll(async () => { await worker.stop(); await world.close() })

const body = (project: string, more: object = {}, gated = false): object => ({ project, environment: 'prod', planText: scriptPlan(project, { gated }), ...more })
async function start(project: string, gated = false, more: object = {}): Promise<string> {
  const answer = await world.ask('deployer', 'POST', '/releases', body(project, more, gated))
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json<{ id: string }>().id
}
interface Seen { status: string; live: boolean; waiting: { what: string }[]; approvals: { decisions: unknown[] }[] }
async function until(id: string, what: (seen: Seen) => boolean): Promise<Seen> {
  for (;;) {
    const seen = (await world.ask('viewer', 'GET', `/releases/${id}`)).json<Seen>()
    if (what(seen)) return seen
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const ended = (id: string): Promise<Seen> => until(id, ({ status, live }) => isEnding(status) && !live)
const waits = (id: string): Promise<Seen> => until(id, ({ waiting }) => waiting.some(({ what }) => what === 'approval'))

test('a release is accepted with its place, runs and is journalled', async () => {
  const accepted = await world.ask('deployer', 'POST', '/api/v1/releases', body('runs'))
  expect(accepted.statusCode).toBe(202)
  const { id } = accepted.json<{ id: string }>()
  expect(accepted.headers.location).toBe(`/api/v1/releases/${id}`)
  expect(await ended(id)).toMatchObject({ status: 'succeeded', live: false })
  const { items } = (await world.ask('viewer', 'GET', `/releases/${id}/events`)).json<{ items: { sequence: number; type: string }[] }>()
  expect(items.map(({ sequence }) => sequence)).toEqual(items.map((_, index) => index + 1))
  expect([items[0]?.type, items.at(-1)?.type]).toEqual(['release.started', 'release.ended'])
  const later = (await world.ask('viewer', 'GET', `/releases/${id}/events?after=${items.length - 1}`)).json<{ items: unknown[]; next: number }>()
  expect([later.items.length, later.next]).toEqual([1, items.length])
})

test('an approval by the API counts, and the author may not approve himself', async () => {
  const id = await start('approves', true)
  await waits(id)
  const early = (await world.ask('viewer', 'GET', '/approvals?status=pending')).json<{ items: { releaseId: string; release: { project: string } }[] }>()
  expect(early.items).toContainEqual(expect.objectContaining({ releaseId: id, release: expect.objectContaining({ project: 'approves' }) as unknown }))
  expect((await world.ask('deployer', 'POST', `/releases/${id}/approve`, {})).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  const stranger = await world.ask('admin', 'POST', `/releases/${id}/approve`, {})
  expect(stranger.json()).toMatchObject({ status: 403, code: 'FORBIDDEN', detail: 'admin is no approver of ship' })
  const answer = await world.ask('approver', 'POST', `/releases/${id}/approve`, { comment: 'looks good' }, { 'idempotency-key': 'k1' })
  expect(answer.statusCode, answer.body).toBe(200)
  expect((await ended(id)).approvals[0]?.decisions).toMatchObject([{ by: 'approver', door: 'api', comment: 'looks good', counted: true }])
  const again = await world.ask('approver', 'POST', `/releases/${id}/approve`, {}, { 'idempotency-key': 'k2' })
  expect(again.json()).toMatchObject({ status: 409, code: 'RELEASE_CONFLICT', detail: expect.stringContaining('succeeded') as unknown })
})

test('the same command under the same key is done once', async () => {
  const id = await start('pauses', true)
  await waits(id)
  const [first, second] = [await world.ask('deployer', 'POST', `/releases/${id}/pause`, undefined, { 'idempotency-key': 'p' }), await world.ask('deployer', 'POST', `/releases/${id}/pause`, undefined, { 'idempotency-key': 'p' })]
  expect([first.statusCode, second.statusCode]).toEqual([200, 200])
  expect((await world.ask('deployer', 'POST', `/releases/${id}/pause`, { reason: 'again' })).json()).toMatchObject({ status: 409, detail: 'already paused' })
  expect((await world.ask('deployer', 'POST', `/releases/${id}/promote`, { to: 'full' })).json()).toMatchObject({ status: 409, code: 'RELEASE_CONFLICT' })
  expect((await world.ask('deployer', 'POST', `/releases/${id}/resume`)).statusCode).toBe(200)
  expect((await world.ask('deployer', 'POST', `/releases/${id}/abort`, { reason: 'enough' })).statusCode).toBe(200)
  expect((await ended(id)).status).toBe('cancelled')
  const { items } = (await world.ask('admin', 'GET', `/audit?what=${id}`)).json<{ items: { who: string; action: string; data: object }[] }>()
  expect(items.map(({ action }) => action)).toEqual(['release.abort', 'release.resume', 'release.promote', 'release.pause', 'release.pause', 'release.pause', 'release.start'])
  expect(items[0]).toMatchObject({ who: 'deployer', data: { reason: 'enough', outcome: 'taken' } })
})

test('the same start under the same key is one release, under another body a conflict', async () => {
  const key = { 'idempotency-key': 'start-1' }
  const answers = await Promise.all([1, 2, 3, 4].map(() => world.ask('deployer', 'POST', '/releases', body('once'), key)))
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202, 202])
  expect(new Set(answers.map((answer) => answer.json<{ id: string }>().id)).size).toBe(1)
  const other = await world.ask('deployer', 'POST', '/releases', body('once', { version: '9' }), key)
  expect(other.json()).toMatchObject({ status: 409, code: 'IDEMPOTENCY_CONFLICT' })
  await ended(answers[0]?.json<{ id: string }>().id ?? '')
})

test('an ended release is taken back once, and not when a newer one succeeded', async () => {
  const first = await start('back')
  await ended(first)
  const second = await start('back')
  await ended(second)
  expect((await world.ask('deployer', 'POST', `/releases/${first}/rollback`)).json()).toMatchObject({ status: 409, detail: expect.stringContaining(second) as unknown })
  expect((await world.ask('deployer', 'POST', `/releases/${second}/retry`)).json()).toMatchObject({ status: 409, code: 'RELEASE_CONFLICT' })
  worker.trace.length = 0
  const asked = await Promise.all([1, 2].map(() => world.ask('deployer', 'POST', `/releases/${second}/rollback`, { reason: 'slow' })))
  expect(asked.map((answer) => answer.json<{ status: string }>().status)).toEqual(['rolling_back', 'rolling_back'])
  expect((await until(second, ({ status, live }) => status === 'rolled_back' && !live)).status).toBe('rolled_back')
  expect(worker.trace).toEqual(['undo upload'])
  expect((await world.ask('deployer', 'POST', `/releases/${second}/rollback`)).json()).toMatchObject({ status: 409, detail: expect.stringContaining('nothing is left') as unknown })
})

test('only an admin may skip approvals, and it is audited', async () => {
  const refused = await world.ask('approver', 'POST', '/releases', body('skips', { options: { skipApproval: true } }, true))
  expect(refused.json()).toMatchObject({ status: 403, detail: expect.stringContaining('admin') as unknown })
  const answer = await world.ask('admin', 'POST', '/releases', body('skips', { options: { skipApproval: true } }, true))
  const { id } = answer.json<{ id: string }>()
  expect((await ended(id)).status).toBe('succeeded')
  expect((await world.ask('admin', 'GET', `/audit?what=${id}`)).json()).toMatchObject({ items: [{ who: 'admin', data: { options: { skipApproval: true } } }] })
})

test('a dry run explains, asks every driver what would change, starts nothing and keeps no secret', async () => {
  const runs = worker.trace.length
  const answer = await world.ask('deployer', 'POST', '/releases', body('dry', { env: { TOKEN: 'hunter2' }, options: { dryRun: true } }))
  expect(answer.json()).toMatchObject({
    dryRun: true, explanation: expect.anything() as unknown, previewError: null,
    preview: { jobs: [{ stage: 'ship', kind: 'script', changes: [{ action: 'run' }], unknown: null }] },
  })
  expect(worker.trace.slice(runs)).toEqual([])
  expect(await world.database.releaseSecret.count()).toBe(0)
  expect((await world.ask('viewer', 'GET', '/releases?project=dry')).json()).toEqual({ items: [], next: null })
})

test('the report tells outcome, approvals and undos as JSON, Markdown and a page', async () => {
  const id = await start('reports', true)
  await waits(id)
  await world.ask('approver', 'POST', `/releases/${id}/approve`, { comment: 'go | <b>now</b>' })
  await ended(id)
  expect((await world.ask('viewer', 'GET', `/releases/${id}/report`)).json()).toMatchObject({
    id, project: 'reports', status: 'succeeded', outcome: 'succeeded', stages: [{ name: 'ship', status: 'succeeded' }],
    approvals: [{ id: 'ship', status: 'approved', decisions: [{ by: 'approver', door: 'api', verdict: 'approve', counted: true }] }],
  })
  const markdown = await world.ask('viewer', 'GET', `/releases/${id}/report?format=markdown`)
  expect(markdown.headers['content-type']).toBe('text/markdown; charset=utf-8')
  expect(markdown.body).toContain('| go \\| \\<b\\>now\\</b\\> |')
  const page = await world.ask('viewer', 'GET', `/releases/${id}/report?format=html`)
  expect([page.headers['content-type'], page.body.includes('<b>now'), page.body.includes('&#60;b&#62;now')]).toEqual(['text/html; charset=utf-8', false, true])
  expect((await world.ask('viewer', 'GET', `/releases/${id}/report?format=pdf`)).statusCode).toBe(400)
  expect((await world.ask('viewer', 'GET', '/releases/r-none/report')).statusCode).toBe(404)
})

test('pages of a list hold every release once, newest first', async () => {
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) ids.unshift(await start('paged', true))
  const seen: string[] = []
  for (let cursor = ''; ;) {
    const page = (await world.ask('viewer', 'GET', `/releases?project=paged&limit=2${cursor}`)).json<{ items: { id: string }[]; next: string | null }>()
    seen.push(...page.items.map(({ id }) => id))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  expect(seen).toEqual(ids)
  expect((await world.ask('viewer', 'GET', '/releases?project=paged&status=succeeded')).json()).toMatchObject({ items: [] })
  expect((await world.ask('viewer', 'GET', `/releases?project=paged&since=${new Date(Date.now() + 60_000).toISOString()}`)).json()).toMatchObject({ items: [] })
  for (const id of ids) await world.ask('deployer', 'POST', `/releases/${id}/abort`)
})
