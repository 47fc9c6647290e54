import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { apiDouble, problem } from './api-double.js'
import { cli, emptyFolder } from './run-cli.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => { for (const close of closing.splice(0)) await close() })
async function double(...args: Parameters<typeof apiDouble>): ReturnType<typeof apiDouble> {
  const one = await apiDouble(...args)
  closing.push(() => one.close())
  return one
}
const accepted = { id: 'r-1', status: 'accepted', project: 'shop', environment: 'staging', version: '1.0.0' }

test('run sends the plan with its files, the variables, and of the environment only what the plan names', async () => {
  const { url, asked } = await double({ 'POST /releases': () => ({ status: 202, body: accepted }) })
  const folder = emptyFolder()
  const plan = 'metadata: { name: shop }\nstages: [{ jobs: [{ config: { script: ./go.sh, x: "${env.REGION}" }, condition: "env.STAGE == \'x\'" }] }]\n'
  writeFileSync(join(folder, 'release.yaml'), plan)
  writeFileSync(join(folder, 'go.sh'), 'echo process.env.HIDDEN')
  writeFileSync(join(folder, 'vars.yaml'), 'replicas: 2\nzone: a\n')
  const { code, stdout } = await cli(
    ['run', '--var-file', 'vars.yaml', 'release.yaml', '-e', 'staging', '--version', '1.0.1', '--var', 'zone=b', '--var', 'tag=1.10', '--var', 'list=[1, x]', '--auto-rollback', '--idempotency-key', 'ci-7', '--url', url],
    { folder, env: { REGION: 'eu', STAGE: 'x', HIDDEN: 'no', RELEASECTL_TOKEN: 'rctl_secret' } })
  expect([code, stdout]).toEqual([0, 'r-1 accepted\n  releasectl watch r-1\n'])
  expect(asked.map(({ headers, body }) => [headers.authorization, headers['idempotency-key'], body])).toEqual([['Bearer rctl_secret', 'ci-7', {
    entry: 'release.yaml', files: { 'release.yaml': plan, 'go.sh': 'echo process.env.HIDDEN' },
    project: 'shop', environment: 'staging', version: '1.0.1', variables: { replicas: 2, zone: 'b', tag: '1.10', list: [1, 'x'] }, env: { REGION: 'eu', STAGE: 'x' }, options: { autoRollback: true },
  }]])
})

test('run of a stored plan names it and its version', async () => {
  const { url, asked } = await double({ 'POST /releases': () => ({ status: 202, body: accepted }) })
  expect((await cli(['run', 'shop@3', '-e', 'staging', '--url', url, '-o', 'json'])).stdout).toBe(`${JSON.stringify(accepted, null, 2)}\n`)
  expect(asked[0]?.body).toEqual({ plan: { name: 'shop', version: 3 }, project: 'shop', environment: 'staging', options: {} })
})

test('run asks again with the same key while the API is away', async () => {
  let times = 0
  const { url, asked } = await double({ 'POST /releases': () => ++times < 3 ? problem(503, 'UNAVAILABLE', 'Temporal does not answer') : { status: 202, body: accepted } })
  expect((await cli(['run', 'shop', '-e', 'staging', '--url', url])).code).toBe(0)
  expect(asked.length).toBe(3)
  expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

test('a plan the server refuses is exit 2 with every issue on a line', async () => {
  const issue = { code: 'UNKNOWN_KEY', file: 'release.yaml', path: 'stages[0].nmae', line: 4, column: 5, message: 'nmae is not known here', hint: 'did you mean "name"?' }
  const { url } = await double({ 'POST /releases': () => problem(422, 'PLAN_INVALID', 'the plan has 1 issue', [issue]) })
  const { code, stderr } = await cli(['run', 'shop', '-e', 'staging', '--url', url])
  expect([code, stderr]).toEqual([2, 'error: the plan has 1 issue (POST /releases)\n  release.yaml:4:5  stages[0].nmae: nmae is not known here (did you mean "name"?)\n'])
})

test('approve, reject and the controls say what they ask for and what came of it', async () => {
  const approval = { id: 'ship', status: 'approved', spec: { quorum: 1 }, decisions: [] }
  const { url, asked } = await double({
    'POST /releases/r-1/approve': () => ({ body: approval }), 'POST /releases/r-1/reject': () => problem(409, 'RELEASE_CONFLICT', 'no approval is pending'),
    'POST /releases/r-1/promote': () => ({ body: { status: 'running', waiting: [] } }), 'POST /releases/r-1/pause': () => ({ body: { status: 'paused', waiting: [{ what: 'pause', where: 'release' }] } }),
  })
  const say = async (...args: string[]) => { const { code, stdout, stderr } = await cli([...args, '--url', url]); return [code, stdout + stderr] }
  expect(await say('approve', 'r-1', '--approval', 'ship', '--comment', 'go')).toEqual([0, 'yes to ship of r-1 taken: approved\n'])
  expect(await say('reject', 'r-1')).toEqual([1, 'error: no approval is pending (POST /releases/r-1/reject)\n'])
  expect(await say('promote', 'r-1', '--full', '--reason', 'it is fine')).toEqual([0, 'promote taken: r-1 is running\n'])
  expect(await say('pause', 'r-1')).toEqual([0, 'pause taken: r-1 is paused\n  waits for pause: release\n'])
  expect(asked.map(({ body }) => body)).toEqual([{ approval: 'ship', comment: 'go' }, {}, { reason: 'it is fine', to: 'full' }, {}])
})

test('list is a table for people and the rows themselves for machines', async () => {
  const row = { id: 'r-1', project: 'shop', environment: 'staging', version: '1.0.0', status: 'succeeded', requestedBy: 'dana', reason: null, acceptedAt: '2026-11-20T08:00:00.000Z', startedAt: '2026-11-20T08:00:00.000Z', endedAt: '2026-11-20T08:02:05.000Z' }
  const { url, asked } = await double({ 'GET /releases': () => ({ body: { items: [row], next: null } }) })
  expect((await cli(['list', '--status', 'succeeded', '--project', 'shop', '--url', url])).stdout.split('\n')[1]).toMatch(/^r-1 +shop 1\.0\.0 → staging +succeeded +2m 05s +2026-11-20 08:00 +dana$/)
  expect(asked[0]?.query.toString()).toBe('project=shop&status=succeeded&limit=20')
  expect(JSON.parse((await cli(['list', '--url', url, '-o', 'json'])).stdout)).toEqual([row])
})

test('logs are whole lines with their job, however they were cut', async () => {
  const chunk = (seq: number, job: string, text: string) => ({ seq, job, attempt: 1, stream: 'stdout', at: '2026-11-20T08:00:00.000Z', text })
  const { url } = await double({ 'GET /releases/r-1/logs': () => ({ body: { items: [chunk(1, 'tests', 'one\ntw'), chunk(2, 'smoke', 'up\n'), chunk(3, 'tests', 'o\nthree')], next: 3 } }) })
  expect((await cli(['logs', 'r-1', '--url', url])).stdout).toBe('tests │ one\nsmoke │ up\ntests │ two\ntests │ three\n')
})

test('--verbose shows requests, --debug their answers too, and neither the token', async () => {
  const { url } = await double({ 'GET /releases': () => ({ body: { items: [], next: null } }) })
  const said = async (flag: string) => (await cli(['list', flag, '--url', url], { env: { RELEASECTL_TOKEN: 'rctl_secret' } })).stderr
  expect(await said('--verbose')).toBe(`> GET ${url}/releases?limit=20\n`)
  const debug = await said('--debug')
  expect(debug).toMatch(/^> GET .*\n< 200 application\/json after \d+ ms\n$/)
  expect(debug).not.toContain('rctl_secret')
})

test('doctor names what is down and fails', async () => {
  const { url } = await double({
    'GET /health': () => ({ status: 503, body: { status: 'down', parts: { database: { up: true, ms: 2 }, temporal: { up: false, ms: 2000, detail: 'Temporal does not answer' } } } }),
    'GET /tokens': () => problem(403, 'FORBIDDEN', 'GET /tokens needs the role admin; dana is deployer'),
  })
  const { code, stdout } = await cli(['doctor', '--url', url], { env: { RELEASECTL_TOKEN: 'rctl_x' } })
  expect(code).toBe(1)
  expect(stdout).toContain('✔ database     answers in 2 ms\n✘ temporal     Temporal does not answer\n✔ token        good; no admin: GET /tokens needs the role admin; dana is deployer')
})
