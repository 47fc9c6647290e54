import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentPlace, releaseUnderWay, type AgentPlace } from './agent-world.js'
import { ApiWorld } from './api-world.js'

const world = await ApiWorld.open()
let web: AgentPlace
beforeAll(async () => { web = await agentPlace(world, 'web-1') })
afterAll(async () => { await world.close() })
const sealed = (value: string): string => `sealed:${world.key.seal(value)}`
const forbidden = { status: 403, code: 'FORBIDDEN' }

test('a token of an agent names its target, and no other token does', async () => {
  const made = await world.ask('admin', 'POST', '/tokens', { name: 'agent of web-1', role: 'agent', target: web.targetId })
  expect(made.json()).toMatchObject({ role: 'agent', target: web.targetId })
  for (const body of [{ name: 'a', role: 'agent' }, { name: 'b', role: 'viewer', target: web.targetId }, { name: 'c', role: 'agent', target: 'none' }]) {
    expect((await world.ask('admin', 'POST', '/tokens', body)).json()).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
  }
})

test('an agent may do what /agent offers and nothing else, and nobody else may do that', async () => {
  for (const [method, url] of [['GET', '/releases'], ['GET', '/targets'], ['POST', '/releases'], ['GET', '/tokens']] as const) {
    expect((await world.ask('web-1', method, url)).json(), url).toMatchObject(forbidden)
  }
  for (const role of ['viewer', 'admin']) expect((await world.ask(role, 'GET', '/agent')).json()).toMatchObject(forbidden)
  expect((await world.ask('web-1', 'GET', '/agent')).json()).toMatchObject({ id: web.targetId, name: 'web-1', project: web.project, environment: 'production', temporal: { taskQueue: `target-${web.targetId}`, namespace: 'default' } })
})

test('a heartbeat makes the target online and tells its load', async () => {
  const look = async (): Promise<object> => (await world.ask('viewer', 'GET', `/targets/${web.targetId}/status`)).json()
  expect(await look()).toMatchObject({ status: 'unknown' })
  expect((await world.ask('web-1', 'POST', '/agent/heartbeat', { health: { state: 'RUNNING' }, load: { average: [1, 2, 3] }, versions: { releasectl: '0.1.0' } })).statusCode).toBe(204)
  expect(await look()).toMatchObject({ status: 'online', health: { health: { state: 'RUNNING' }, load: { average: [1, 2, 3] }, versions: { releasectl: '0.1.0' } } })
})

test('a secret is given for a release under way in the target\'s environment whose plan names it', async () => {
  const [reference, other] = [sealed('hunter2'), sealed('somebody else\'s')]
  const release = await releaseUnderWay(world, web.project, { TOKEN: { $late: ['Bearer ', { secret: reference }] } })
  const ask = async (id: string, named: string): Promise<object> => (await world.ask('web-1', 'POST', `/agent/releases/${id}/secrets`, { reference: named })).json()
  expect(await ask(release, reference)).toEqual({ value: 'hunter2' })
  expect(await ask(release, other)).toMatchObject(forbidden)
  const over = await releaseUnderWay(world, web.project, { TOKEN: { $late: [{ secret: reference }] } }, 'succeeded')
  expect(await ask(over, reference)).toMatchObject(forbidden)
  const elsewhere = await releaseUnderWay(world, 'another', { TOKEN: { $late: [{ secret: reference }] } })
  expect(await ask(elsewhere, reference)).toMatchObject(forbidden)
})

test('the files of a bundle are given while a release of the environment uses it', async () => {
  const { digest } = (await world.ask('deployer', 'POST', '/bundles', { entry: 'plan.yaml', files: { 'plan.yaml': 'a: 1', 'run.sh': 'echo hi' } })).json<{ digest: string }>()
  const ask = async (): Promise<object> => (await world.ask('web-1', 'GET', `/agent/bundles/${digest}`)).json()
  expect(await ask()).toMatchObject(forbidden)
  await releaseUnderWay(world, web.project, {}, 'running', digest)
  expect(await ask()).toEqual({ files: { 'plan.yaml': 'a: 1', 'run.sh': 'echo hi' } })
})

test('an agent writes the logs of its own jobs', async () => {
  const release = await releaseUnderWay(world, web.project)
  const write = async (job: string): Promise<number> => (await world.ask('web-1', 'POST', `/agent/releases/${release}/logs`, { job, attempt: 1, texts: [{ stream: 'stdout', offset: 0, text: 'hello\n' }] })).statusCode
  expect([await write('update@web-1'), await write('update@web-1 (undo)'), await write('update@web-2'), await write('update')]).toEqual([204, 204, 403, 403])
  expect((await world.ask('web-1', 'GET', `/agent/releases/${release}/logs?job=update%40web-1&attempt=1`)).json()).toEqual({ stdout: 0 })
  expect((await world.ask('viewer', 'GET', `/releases/${release}/logs`)).body).toContain('hello')
})

test('only what an agent has sealed is opened for it', async () => {
  await agentPlace(world, 'web-2')
  const text = (await world.ask('web-1', 'POST', '/agent/seal', { text: 'before' })).json<{ text: string }>().text
  const open = async (name: string, what: string): Promise<object> => (await world.ask(name, 'POST', '/agent/open', { text: what })).json()
  expect(text).not.toContain('before')
  expect(await open('web-1', text)).toEqual({ text: 'before' })
  expect(await open('web-2', text)).toMatchObject(forbidden)
  for (const stranger of [world.key.seal('a secret of a plan'), world.key.seal('{"text":"x"}'), 'nonsense']) expect(await open('web-1', stranger)).toMatchObject(forbidden)
  const { digest } = (await world.ask('web-1', 'POST', '/agent/snapshots', { text })).json<{ digest: string }>()
  expect((await world.ask('web-1', 'GET', `/agent/snapshots/${digest}`)).json()).toEqual({ text })
})

test('the token of a target that is gone opens nothing', async () => {
  const gone = await agentPlace(world, 'web-3')
  await world.ask('admin', 'DELETE', `/targets/${gone.targetId}`)
  expect((await world.ask('web-3', 'GET', '/agent')).json()).toMatchObject(forbidden)
})
