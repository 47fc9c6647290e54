import { afterAll, expect, test } from 'vitest'
import { ApiWorld, NOWHERE } from './api-world.js'

const world = await ApiWorld.open()
afterAll(async () => { await world.close() })

const release = { project: 'shop', environment: 'prod', planText: 'a: 1' }
interface Case { what: string; method?: 'GET' | 'POST' | 'DELETE'; url: string; body?: unknown; headers?: Record<string, string>; status: number; code: string; says: string }
const CASES: Case[] = [
  { what: 'an unknown key, with those allowed', url: '/releases', body: { ...release, enviroment: 'x' }, status: 400, code: 'REQUEST_INVALID', says: 'unknown "enviroment"; allowed: plan, planText' },
  { what: 'an unknown key inside', url: '/releases', body: { ...release, options: { autoRolback: true } }, status: 400, code: 'REQUEST_INVALID', says: 'options: unknown "autoRolback"; allowed: autoRollback' },
  { what: 'a missing key', url: '/releases', body: { environment: 'prod' }, status: 400, code: 'REQUEST_INVALID', says: 'project' },
  { what: 'a value of another type', url: '/releases', body: { ...release, project: 7 }, status: 400, code: 'REQUEST_INVALID', says: 'project: must be string' },
  { what: 'a body that is a list', url: '/releases', body: [], status: 400, code: 'REQUEST_INVALID', says: 'must be object' },
  { what: 'a body that is not JSON', url: '/releases', body: '{"project": ', headers: { 'content-type': 'application/json' }, status: 400, code: 'REQUEST_INVALID', says: 'not valid JSON' },
  { what: 'a prototype in the body', url: '/releases', body: '{"__proto__": {"admin": true}}', headers: { 'content-type': 'application/json' }, status: 400, code: 'REQUEST_INVALID', says: '' },
  { what: 'a content type nobody reads', url: '/releases', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415, code: 'REQUEST_INVALID', says: 'application/x-www-form-urlencoded is not taken' },
  { what: 'a body over the limit', url: '/releases', body: { ...release, planText: 'x'.repeat(9_000_000) }, status: 413, code: 'TOO_LARGE', says: '8388608 bytes' },
  { what: 'no plan at all', url: '/releases', body: { project: 'a', environment: 'b' }, status: 400, code: 'REQUEST_INVALID', says: 'exactly one of plan, planText, bundle, files; given: none' },
  { what: 'two plans', url: '/releases', body: { ...release, bundle: '0'.repeat(64) }, status: 400, code: 'REQUEST_INVALID', says: 'given: planText, bundle' },
  { what: 'a plan nobody stored', url: '/releases', body: { project: 'a', environment: 'b', plan: { name: 'ghost' } }, status: 404, code: 'NOT_FOUND', says: 'no plan ghost' },
  { what: 'a bundle nobody uploaded', url: '/releases', body: { project: 'a', environment: 'b', bundle: '0'.repeat(64) }, status: 404, code: 'NOT_FOUND', says: 'no bundle 000' },
  { what: 'a release nobody started', method: 'GET', url: '/releases/r-none', status: 404, code: 'RELEASE_NOT_FOUND', says: 'r-none' },
  { what: 'a command to a release nobody started', url: '/releases/r-none/pause', status: 404, code: 'RELEASE_NOT_FOUND', says: 'r-none' },
  { what: 'a reason that is no text', url: '/releases/r-none/pause', body: { reason: { a: 1 } }, status: 400, code: 'REQUEST_INVALID', says: 'reason: must be string' },
  { what: 'a promotion to nowhere', url: '/releases/r-none/promote', body: { to: 'moon' }, status: 400, code: 'REQUEST_INVALID', says: 'next, full' },
  { what: 'an unknown filter', method: 'GET', url: '/releases?stat=x', status: 400, code: 'REQUEST_INVALID', says: 'unknown "stat"; allowed: limit, cursor, status' },
  { what: 'a status there is none of', method: 'GET', url: '/releases?status=done', status: 400, code: 'REQUEST_INVALID', says: 'rolled_back' },
  { what: 'a limit over the most', method: 'GET', url: '/releases?limit=201', status: 400, code: 'REQUEST_INVALID', says: 'limit: must be <= 200' },
  { what: 'a cursor that is not ours', method: 'GET', url: '/releases?cursor=abc', status: 400, code: 'REQUEST_INVALID', says: 'cursor' },
  { what: 'a cursor of another list', method: 'GET', url: `/releases?cursor=${Buffer.from('["x","y"]').toString('base64url')}`, status: 400, code: 'REQUEST_INVALID', says: 'cursor' },
  { what: 'a moment that is none', method: 'GET', url: '/releases?since=yesterday', status: 400, code: 'REQUEST_INVALID', says: 'since' },
  { what: 'a zero byte in a path', method: 'GET', url: '/plans/a%00b', status: 400, code: 'REQUEST_INVALID', says: '' },
  { what: 'a path that does not decode', method: 'GET', url: '/plans/%zz', status: 400, code: 'REQUEST_INVALID', says: '' },
  { what: 'a zero byte in a body', url: '/releases', body: { ...release, project: 'a\u0000b' }, status: 400, code: 'REQUEST_INVALID', says: '' },
  { what: 'a route there is none of', method: 'GET', url: '/deployments', status: 404, code: 'NOT_FOUND', says: 'no GET /deployments' },
  { what: 'a method a route has not', method: 'DELETE', url: '/releases', status: 404, code: 'NOT_FOUND', says: 'no DELETE /releases' },
]

test.each(CASES)('$what is refused in one shape', async ({ method = 'POST', url, body, headers, status, code, says }) => {
  for (const prefix of ['', '/api/v1']) {
    const answer = await world.ask('deployer', method, `${prefix}${url}`, body, headers)
    expect(answer.headers['content-type'], answer.body).toContain('application/problem+json')
    const problem = answer.json<{ detail: string }>()
    expect(problem).toMatchObject({ type: `urn:releasectl:problem:${code}`, status, code, title: expect.any(String) as unknown, requestId: answer.headers['x-request-id'] })
    expect(answer.statusCode).toBe(status)
    expect(problem.detail).toContain(prefix && says.startsWith('no GET') ? says.replace(' /', ' /api/v1/') : prefix && says.startsWith('no DELETE') ? 'no DELETE /api/v1' : says)
    expect(answer.body).not.toMatch(/node_modules|\.ts:\d|prisma/i)
  }
})

test('a plan with mistakes is refused with each of them and its place', async () => {
  const answer = await world.ask('deployer', 'POST', '/releases', release)
  expect(answer.json()).toMatchObject({ status: 422, code: 'PLAN_INVALID', issues: expect.arrayContaining([
    expect.objectContaining({ code: 'MISSING_KEY', message: 'the plan needs stages' }), expect.objectContaining({ code: 'UNKNOWN_KEY', file: 'plan.yaml', line: 1, column: 1, severity: 'error' }),
  ]) as unknown })
})

test('a database that is away is said so at once, with when to ask again', async () => {
  const other = await ApiWorld.open({ databaseUrl: `postgresql://nobody:nothing@${NOWHERE}/none` })
  const answer = await other.app.inject({ url: '/releases', headers: { authorization: 'Bearer rctl_x' } })
  expect(answer.json()).toMatchObject({ status: 503, code: 'UNAVAILABLE', detail: 'the database does not answer' })
  expect(answer.headers['retry-after']).toBe('2')
  const health = await other.app.inject({ url: '/health' })
  expect(health.statusCode).toBe(503)
  expect(health.json()).toMatchObject({ status: 'down', parts: { database: { up: false }, temporal: { up: false } } })
  expect((await other.app.inject({ url: '/metrics' })).body).toContain('releasectl_http_request_duration_seconds')
  await other.close()
})

test('the OpenAPI document names every operation once, with its errors', async () => {
  const { paths } = (await world.app.inject({ url: '/docs/json' })).json<{ paths: Record<string, Record<string, { operationId: string; responses: object }>> }>()
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, ...operation })))
  expect(operations.every(({ path }) => path.startsWith('/api/v1'))).toBe(true)
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  expect(operations.map(({ operationId }) => operationId)).toEqual(expect.arrayContaining(['startRelease', 'watchRelease', 'approveRelease', 'uploadBundle', 'createToken']))
  expect(Object.keys(paths['/api/v1/releases']?.['post']?.responses ?? {})).toEqual(expect.arrayContaining(['202', '401', '403', '409', '422', '503']))
})
