import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiWorld } from '../api/api-world.js'
import { cli, emptyFolder, type Ran } from './run-cli.js'

let world: ApiWorld
let url: string
beforeAll(async () => {
  world = await ApiWorld.open() // Temporal is away: releases are accepted and wait
  url = await world.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => { await world.close() })

const folder = emptyFolder()
const PLAN = 'apiVersion: devops.release/v1\nkind: ReleasePlan\nmetadata: { name: shop, version: 1.0.0 }\nstages: [{ name: ship, jobs: [{ name: go, type: script, config: { script: ./go.sh } }] }]\n'
const as = async (who: string, ...args: string[]): Promise<Ran> => await cli([...args, '--url', url], { folder, env: { RELEASECTL_TOKEN: world.token(who) } })

test('what run sends is what the API takes: the release is listed, and the same key starts no second one', async () => {
  writeFileSync(join(folder, 'release.yaml'), PLAN)
  writeFileSync(join(folder, 'go.sh'), 'echo go')
  const run = async () => JSON.parse((await as('deployer', 'run', 'release.yaml', '-e', 'staging', '--idempotency-key', 'once', '-o', 'json')).stdout) as { id: string; status: string }
  const first = await run()
  expect((await run()).id).toBe(first.id)
  const rows = JSON.parse((await as('viewer', 'list', '-o', 'json')).stdout) as { id: string; version: string; planName: string }[]
  expect(rows).toMatchObject([{ id: first.id, project: 'shop', environment: 'staging', version: '1.0.0', status: 'accepted' }])
})

test('a token that may not is told so, and a plan that is wrong is told where', async () => {
  const refused = await as('viewer', 'run', 'release.yaml', '-e', 'staging')
  expect([refused.code, refused.stderr.split('\n')[0]]).toEqual([1, 'error: POST /releases needs the role deployer; viewer is viewer (POST /releases)'])
  writeFileSync(join(folder, 'bad.yaml'), PLAN.replace('type: script', 'type: skript'))
  const invalid = await as('deployer', 'run', 'bad.yaml', '-e', 'staging')
  expect([invalid.code, invalid.stderr]).toEqual([2, expect.stringMatching(/^error: the plan has .*\n {2}bad\.yaml:4:\d+ {2}stages\[0\]\.jobs\[0\]\.type: /)])
})

test('plans are pushed, listed, shown and deleted', async () => {
  expect((await as('deployer', 'plans', 'push', 'release.yaml', '--comment', 'first')).stdout).toContain('shop@1 stored')
  expect(JSON.parse((await as('viewer', 'plans', 'list', '-o', 'json')).stdout)).toMatchObject([{ name: 'shop', version: 1, comment: 'first' }])
  expect((await as('viewer', 'plans', 'show', 'shop@1')).stdout).toContain(PLAN.trim())
  expect((await as('viewer', 'run', 'shop', '-e', 'staging', '--dry-run')).code).toBe(1)
  expect((await as('deployer', 'run', 'shop', '-e', 'staging', '--dry-run')).stdout).toContain('if it is taken back:')
  expect((await as('deployer', 'plans', 'delete', 'shop')).stdout).toBe('shop deleted\n')
})

test('a token made on the command line opens the door until it is revoked', async () => {
  const made = JSON.parse((await as('admin', 'tokens', 'create', 'dana', '--role', 'approver', '--group', 'sre', '--group', 'leads', '-o', 'json')).stdout) as { id: string; token: string; groups: string[] }
  expect(made.groups).toEqual(['sre', 'leads'])
  const list = async () => (await cli(['approvals', '--url', url], { env: { RELEASECTL_TOKEN: made.token } }))
  expect(await list()).toMatchObject({ code: 0, stdout: 'nothing waits for approval\n' })
  expect((await as('admin', 'tokens', 'revoke', made.id)).stdout).toBe(`token ${made.id} of dana revoked\n`)
  const after = await list()
  expect(after.code).toBe(1)
  expect(after.stderr).toMatch(/^error: .*revoked/)
})
