import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { freePort } from '../../embedded/ports.js'
import { identify } from '../../embedded/process-identity.js'
import { postgresQuery } from '../../embedded/postgres.js'
import { startEmbedded, type Embedded, type EmbeddedOptions } from '../../embedded/start.js'
import { SEARCH_ATTRIBUTES, withTemporal } from '../../embedded/temporal.js'

vi.setConfig({ testTimeout: 180_000 }) // real servers; a busy machine takes its time
const HEALTH = standIn('health.ts')
const running: Embedded[] = []
const homes: string[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((embedded) => embedded.stop(true)))
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

test('PostgreSQL and Temporal killed at once come back with what they held', async () => {
  const embedded = await start({ home: newHome(), parts: ['postgres', 'temporal'] }, ['POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'])
  await postgresQuery(embedded.databaseUrl, 'create table kept as select 42 as answer')
  await startWorkflow(embedded.temporalAddress, 'kept')
  embedded.kill('postgres', 'SIGKILL')
  embedded.kill('temporal', 'SIGKILL')
  await vi.waitFor(async () => { expect(await postgresQuery(embedded.databaseUrl, 'select answer from kept')).toEqual([{ answer: 42 }]) }, 60_000)
  await vi.waitFor(async () => { expect(await workflowStatus(embedded.temporalAddress, 'kept')).toBe(1) }, 60_000)
})

test('an installation stopped and started again holds what it held', async () => {
  const home = newHome()
  const first = await start({ home, parts: ['postgres'] }, ['POSTGRES_PORT'])
  await postgresQuery(first.databaseUrl, 'create table kept as select 42 as answer')
  await first.stop()
  const second = await start({ home, parts: ['postgres'] }, ['POSTGRES_PORT'])
  expect(await postgresQuery(second.databaseUrl, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('Temporal knows the attributes releases are found by', async () => {
  const embedded = await start({ home: newHome(), parts: ['temporal'] }, ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT'])
  const { customAttributes } = await withTemporal(embedded.temporalAddress, ({ operatorService }) => operatorService.listSearchAttributes({ namespace: 'default' }))
  expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(SEARCH_ATTRIBUTES))
})

test('a second start on the same folder is refused by the first one\'s process', async () => {
  const home = newHome()
  await startEdge(home)
  await expect(startEdge(home)).rejects.toThrow(`already runs on this folder as process ${process.pid}`)
})

test('a port in use is named with the setting that changes it, and nothing is started', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const home = newHome()
  await expect(startEmbedded({ home, parts: ['edge'], ports: { EDGE_CONTROL_PORT: port, EDGE_PORT: await freePort() }, entries: { edge: HEALTH } }))
    .rejects.toThrow(`port ${port} is in use (set EDGE_CONTROL_PORT to another)`)
  holder.close()
  await startEdge(home) // and the folder is free again
})

test('what a killed supervisor left is ended before a new start, but not what a release started', async () => {
  const home = newHome()
  const port = await freePort()
  const serviceFile = join(home, 'service.pid')
  const supervisor = spawn(process.execPath, ['--import', 'tsx', standIn('supervisor.ts'), home, String(port)],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, EDGE_PORT: String(await freePort()), STAND_IN_SERVICE_FILE: serviceFile } })
  await once(supervisor.stdout, 'data')
  const orphan = await ask(port)
  supervisor.kill('SIGKILL')
  await once(supervisor, 'exit')
  expect(await ask(port)).toBe(orphan) // it goes on serving

  const lines: string[] = []
  const embedded = await startEdge(home, port, (line) => { lines.push(line) })
  expect(lines).toEqual(['ended edge, left by a releasectl that was killed'])
  expect(await ask(port)).toBe(String(embedded.children().edge?.pid))
  const service = Number(readFileSync(serviceFile, 'utf8'))
  expect(identify(service)).toBeDefined()
  process.kill(service)
})

test('a folder locked by a process id that is now another program is taken over', async () => {
  const home = newHome()
  await (await startEdge(home)).stop()
  writeFileSync(join(home, 'supervisor.json'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }))
  expect((await startEdge(home)).children().edge?.pid).toBeGreaterThan(0)
})

test('secrets of an installation are for its owner alone, and the same at each start', async () => {
  const home = newHome()
  const embedded = await startEdge(home)
  const key = readFileSync(join(home, 'key'), 'utf8')
  expect(Buffer.from(key, 'base64')).toHaveLength(32)
  for (const name of ['key', 'edge-token', 'postgres-password']) expect(statSync(join(home, name)).mode & 0o077).toBe(0)
  await embedded.stop()
  await startEdge(home)
  expect(readFileSync(join(home, 'key'), 'utf8')).toBe(key)
})

test('the folder tells the CLI where the API is, for as long as it runs', async () => {
  const home = newHome()
  const embedded = await startEdge(home)
  expect(JSON.parse(readFileSync(join(home, 'server.json'), 'utf8'))).toEqual({
    apiUrl: embedded.urls.api, tokenFile: embedded.tokenFile, temporalUi: embedded.urls.temporalUi, edgeUrl: embedded.urls.edge, pid: process.pid })
  await embedded.stop()
  expect(() => statSync(join(home, 'server.json'))).toThrow('ENOENT')
})

test('a start that is broken off leaves nothing running', async () => {
  const home = newHome()
  const start = new AbortController()
  const broken = startEmbedded({ home, parts: ['postgres'], ports: { POSTGRES_PORT: await freePort() }, signal: start.signal })
  start.abort()
  await expect(broken).rejects.toThrow(/broken off|stopped before it was ready/)
  await startEdge(home)
})

async function start(options: EmbeddedOptions, portNames: readonly (keyof NonNullable<EmbeddedOptions['ports']>)[]): Promise<Embedded> {
  const ports = Object.fromEntries(await Promise.all(portNames.map(async (name) => [name, await freePort()] as const)))
  const embedded = await startEmbedded({ ...options, ports })
  running.push(embedded)
  return embedded
}

async function startEdge(home: string, port?: number, log?: (line: string) => void): Promise<Embedded> {
  const ports = { EDGE_CONTROL_PORT: port ?? await freePort(), EDGE_PORT: await freePort() }
  const embedded = await startEmbedded({ home, parts: ['edge'], ports, entries: { edge: HEALTH }, ...(log && { log }) })
  running.push(embedded)
  return embedded
}

function startWorkflow(address: string, workflowId: string): Promise<unknown> {
  return withTemporal(address, ({ workflowService }) => workflowService.startWorkflowExecution({
    namespace: 'default', workflowId, requestId: workflowId, workflowType: { name: 'waits' }, taskQueue: { name: 'nobody' } }))
}

async function workflowStatus(address: string, workflowId: string): Promise<number | null | undefined> {
  const { workflowExecutionInfo } = await withTemporal(address, ({ workflowService }) => workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } }))
  return workflowExecutionInfo?.status
}

async function ask(port: number): Promise<string> { return (await fetch(`http://127.0.0.1:${port}/health`)).text() }
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'releasectl-home-'))
  homes.push(home)
  return home
}
function standIn(name: string): string { return fileURLToPath(new URL(`./stand-ins/${name}`, import.meta.url)) }
