import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { agentTaskQueue } from '../../domain/target.js'
import { born } from '../../drivers/hosts/processes.js'
import { agentPlace, releaseUnderWay, type AgentPlace } from '../api/agent-world.js'
import { ApiWorld } from '../api/api-world.js'
import { temporalServer } from '../support/servers.js'

Runtime.install({ logger: new DefaultLogger('ERROR') })
const queue = randomUUID()
const agents: ChildProcess[] = []
let world: ApiWorld
let url: string
let client: Client
let worker: Worker
let running: Promise<void>
let place: AgentPlace

beforeAll(async () => {
  const { address } = await temporalServer()
  world = await ApiWorld.open({ temporal: address })
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`
  client = new Client({ connection: await Connection.connect({ address }) })
  worker = await Worker.create({ connection: await NativeConnection.connect({ address }), taskQueue: queue, workflowsPath: fileURLToPath(new URL('agent-workflow.ts', import.meta.url)) })
  running = worker.run()
  place = await agentPlace(world, 'web-1')
})
afterAll(async () => {
  for (const agent of agents) agent.kill('SIGKILL')
  worker.shutdown()
  await running
  await world.close()
})

/** `releasectl agent`, in a folder of its own. */
async function startAgent(home: string, target = 'web-1'): Promise<ChildProcess> {
  const token = join(home, 'token')
  await writeFile(token, place.token, { mode: 0o600 })
  const agent = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../../agent.ts', import.meta.url)), '--target', target, '--server', url, '--token', token, '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] })
  agents.push(agent)
  return agent
}
const newHome = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-agent-'))
const gone = async (process: ChildProcess): Promise<number | null> => process.exitCode ?? await new Promise((resolve) => process.once('exit', resolve))
const textOf = async (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
async function until(yes: () => Promise<boolean>): Promise<void> { while (!await yes()) await delay(50) }

async function runOnAgent(releaseId: string, script: string, environment: JsonObject = {}): Promise<WorkflowHandle> {
  const target = { id: place.targetId, name: 'web-1', type: 'host' as const, via: 'agent' as const, host: null, labels: {}, priority: 0 }
  const call: JobCall = {
    release: { tenant: 'default', releaseId, project: place.project, environment: 'production', version: '2.4.0', requestedBy: 'ann', bundle: '0'.repeat(64) }, acceptedAt: '2026-01-01T00:00:00.000Z',
    stage: 'fleet', job: 'update', kind: 'script', attempt: 1, idempotencyKey: `${releaseId}/fleet/update/1`, target, variables: {}, config: { script, interpreter: '/bin/bash', environment },
  }
  return client.workflow.start('onAgent', { taskQueue: queue, workflowId: releaseId, args: [{ taskQueue: agentTaskQueue(place.targetId), type: 'script.execute', input: call }] })
}

test('an agent makes its target online, runs its jobs with secrets from the API and writes their log there', async () => {
  const agent = await startAgent(await newHome())
  await until(async () => (await world.ask('viewer', 'GET', `/targets/${place.targetId}`)).json<{ status: string }>().status === 'online')
  const secret = { $late: [{ secret: `sealed:${world.key.seal('hunter2hunter2')}` }] }
  const release = await releaseUnderWay(world, place.project, { TOKEN: secret })
  const handle = await runOnAgent(release, 'echo "token $TOKEN on $RELEASE_VERSION"; echo "done=yes" >> $RELEASECTL_OUTPUT', { TOKEN: secret })
  expect(await handle.result()).toMatchObject({ outputs: { done: 'yes', exitCode: 0 }, message: 'token *** on 2.4.0' })
  const log = (await world.ask('viewer', 'GET', `/releases/${release}/logs`)).body
  expect(log).toContain('token *** on 2.4.0')
  expect(log + JSON.stringify((await handle.fetchHistory()).events)).not.toContain('hunter2')
  const { health } = (await world.ask('viewer', 'GET', `/targets/${place.targetId}/status`)).json<{ health: JsonObject }>()
  expect(health).toMatchObject({ health: { state: 'RUNNING' }, load: { memory: { total: expect.any(Number) as number } } })
  agent.kill('SIGTERM')
  expect(await gone(agent)).toBe(0)
})

test('what is cancelled is stopped on the agent\'s machine with all its children', async () => {
  const home = await newHome()
  await startAgent(home)
  const release = await releaseUnderWay(world, place.project)
  const handle = await runOnAgent(release, `sleep 300 & echo $! > ${home}/child; echo $$ > ${home}/pid; wait`)
  await until(async () => await textOf(join(home, 'pid')) !== '')
  const pids = [Number(await textOf(join(home, 'pid'))), Number(await textOf(join(home, 'child')))]
  expect(await Promise.all(pids.map(born))).not.toContain(null)
  await handle.cancel()
  await expect(handle.result()).rejects.toThrow()
  for (const pid of pids) await until(async () => await born(pid) === null)
})

test('an agent that is killed changes nothing: the next one adopts the script, which runs once', async () => {
  for (const agent of agents) agent.kill('SIGKILL')
  const home = await newHome()
  const first = await startAgent(home)
  const release = await releaseUnderWay(world, place.project)
  const handle = await runOnAgent(release, `echo started >> ${home}/log; until [ -e ${home}/go ]; do sleep 0.05; done; echo done`)
  await until(async () => await textOf(join(home, 'log')) !== '')
  first.kill('SIGKILL')
  await gone(first)
  await writeFile(join(home, 'go'), '')
  await startAgent(home)
  expect(await handle.result()).toMatchObject({ message: 'done' })
  expect(await textOf(join(home, 'log'))).toBe('started\n')
})

test('an agent with the token of another target does not start', async () => {
  const agent = await startAgent(await newHome(), 'web-9')
  let said = ''
  agent.stderr?.on('data', (bytes: Buffer) => { said += bytes.toString('utf8') })
  expect(await gone(agent)).not.toBe(0)
  expect(said).toContain('the token is of target web-1, not web-9')
})
