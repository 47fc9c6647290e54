import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ensureFirstToken } from '../../api/first-token.js'
import { ROLES } from '../../api/roles.js'
import { TokenStore } from '../../store/tokens.js'
import { ApiWorld } from './api-world.js'

const world = await ApiWorld.open()
afterAll(async () => { await world.close() })

const MATRIX: [method: 'GET' | 'POST' | 'DELETE', url: string, least: (typeof ROLES)[number]][] = [
  ['GET', '/releases', 'viewer'], ['GET', '/releases/x', 'viewer'], ['GET', '/releases/x/events', 'viewer'], ['GET', '/releases/x/logs', 'viewer'], ['GET', '/releases/x/watch', 'viewer'],
  ['POST', '/releases', 'deployer'], ['POST', '/releases/x/pause', 'deployer'], ['POST', '/releases/x/resume', 'deployer'], ['POST', '/releases/x/promote', 'deployer'],
  ['POST', '/releases/x/abort', 'deployer'], ['POST', '/releases/x/retry', 'deployer'], ['POST', '/releases/x/rollback', 'deployer'],
  ['POST', '/releases/x/approve', 'approver'], ['POST', '/releases/x/reject', 'approver'],
  ['GET', '/plans', 'viewer'], ['GET', '/plans/x', 'viewer'], ['POST', '/plans', 'deployer'], ['DELETE', '/plans/x', 'deployer'], ['POST', '/plans/validate', 'viewer'],
  ['POST', '/plans/x/validate', 'viewer'], ['POST', '/plans/explain', 'viewer'], ['POST', '/bundles', 'deployer'], ['GET', `/bundles/${'0'.repeat(64)}`, 'viewer'],
  ['GET', '/approvals', 'viewer'], ['GET', '/audit', 'admin'], ['GET', '/tokens', 'admin'], ['POST', '/tokens', 'admin'], ['DELETE', '/tokens/x', 'admin'],
]

test.each(MATRIX)('%s %s is for %s and above', async (method, url, least) => {
  expect((await world.app.inject({ method, url })).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  for (const role of ROLES) {
    const answer = await world.ask(role, method, url)
    if (ROLES.indexOf(role) >= ROLES.indexOf(least)) expect([401, 403]).not.toContain(answer.statusCode)
    else expect(answer.json()).toMatchObject({ status: 403, code: 'FORBIDDEN', detail: expect.stringContaining(`needs the role ${least}; ${role} is ${role}`) as unknown })
  }
})

test('health, metrics, schemas and documents need no token', async () => {
  for (const url of ['/', '/api/v1', '/metrics', '/kinds', '/api/v1/kinds', '/schema/plan.json', '/docs/json']) expect((await world.app.inject({ url })).statusCode, url).toBe(200)
})

test('a token opens its own tenant only', async () => {
  await world.addToken({ name: 'neighbour', role: 'admin', tenant: 'other' })
  await world.database.release.create({ data: { id: 'r-mine', tenant: 'default', project: 'a', environment: 'b', version: '1', planName: 'p', bundle: 'x', requestedBy: 'x', status: 'running', concurrencyKey: 'k', requestDigest: '', input: {} } })
  expect((await world.ask('neighbour', 'GET', '/releases')).json()).toEqual({ items: [], next: null })
  for (const [method, url] of [['GET', '/releases/r-mine'], ['GET', '/releases/r-mine/events'], ['GET', '/releases/r-mine/logs'], ['POST', '/releases/r-mine/abort'], ['POST', '/releases/r-mine/approve']] as const) {
    expect((await world.ask('neighbour', method, url)).json(), url).toMatchObject({ status: 404, code: 'RELEASE_NOT_FOUND' })
  }
  expect((await world.ask('neighbour', 'GET', '/tokens')).json<{ items: { name: string }[] }>().items.map(({ name }) => name)).toEqual(['neighbour'])
  expect((await world.ask('viewer', 'GET', '/releases', undefined, { 'x-tenant-slug': 'other' })).json()).toMatchObject({ status: 403, detail: 'the token is not of tenant other' })
  expect((await world.ask('viewer', 'GET', '/releases', undefined, { 'x-tenant-slug': 'default' })).statusCode).toBe(200)
})

test('an admin makes a token whose text is shown once, and revokes it at once', async () => {
  const made = await world.ask('admin', 'POST', '/tokens', { name: 'ann', role: 'deployer', groups: ['sre'] })
  expect(made.statusCode).toBe(201)
  const { id, token } = made.json<{ id: string; token: string }>()
  expect(token).toMatch(/^rctl_[\w-]{43}$/)
  const asAnn = (): Promise<{ statusCode: number }> => world.app.inject({ url: '/releases', headers: { authorization: `Bearer ${token}` } })
  expect((await asAnn()).statusCode).toBe(200)
  const list = await world.ask('admin', 'GET', '/tokens')
  expect(list.json<{ items: object[] }>().items).toContainEqual(expect.objectContaining({ id, name: 'ann', groups: ['sre'], createdBy: 'admin' }))
  expect(list.body).not.toContain(token)
  expect(JSON.stringify(await world.database.token.findMany())).not.toContain(token.slice(5))
  expect((await world.ask('admin', 'POST', '/tokens', { name: 'ann', role: 'viewer' })).json()).toMatchObject({ status: 400, detail: expect.stringContaining('a live token is named ann') as unknown })
  expect((await world.ask('admin', 'DELETE', `/tokens/${id}`)).json()).toMatchObject({ id, revokedAt: expect.any(String) as unknown })
  expect((await asAnn()).statusCode).toBe(401)
  expect((await world.ask('admin', 'DELETE', '/tokens/none')).statusCode).toBe(404)
  expect((await world.ask('admin', 'GET', `/audit?what=${id}`)).json()).toMatchObject({ items: [{ action: 'token.revoke' }, { action: 'token.create', who: 'admin' }] })
})

test('an expired token is refused, saying since when', async () => {
  const expiresAt = new Date(Date.now() - 1000)
  await world.addToken({ name: 'late', role: 'admin', expiresAt })
  expect((await world.ask('late', 'GET', '/releases')).json()).toMatchObject({ status: 401, detail: `the token expired at ${expiresAt.toISOString()}` })
})

test('the first start writes an admin token for its owner alone, and writes it again only when it was lost', async () => {
  const empty = await ApiWorld.open()
  await empty.database.token.deleteMany()
  const tokens = new TokenStore(empty.database)
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-token-'))
  const file = join(folder, 'deep', 'token')
  const read = async (): Promise<string> => (await readFile(file, 'utf8')).trim()
  const works = async (token: string): Promise<number> => (await empty.app.inject({ url: '/tokens', headers: { authorization: `Bearer ${token}` } })).statusCode

  expect((await Promise.all([ensureFirstToken(tokens, file), ensureFirstToken(tokens, join(folder, 'other'))])).filter(Boolean)).toHaveLength(2)
  expect(await empty.database.token.count({ where: { revokedAt: null } })).toBe(1) // the second found the first's file missing at its own place
  await ensureFirstToken(tokens, file)
  const first = await read()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect([await works(first), await ensureFirstToken(tokens, file), await read()]).toEqual([200, false, first])

  await writeFile(file, 'something else')
  expect(await ensureFirstToken(tokens, file)).toBe(true)
  expect(await works(await read())).toBe(200)

  const owner = await empty.addToken({ name: 'owner', role: 'admin' })
  await empty.database.token.updateMany({ where: { name: 'admin' }, data: { revokedAt: new Date() } })
  await rm(file)
  expect([await ensureFirstToken(tokens, file), await works(owner)]).toEqual([false, 200])
  await empty.close()
  await rm(folder, { recursive: true })
})
