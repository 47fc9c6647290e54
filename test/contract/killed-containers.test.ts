import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import { ContainerDeploy } from '../../plan/kinds/rollout.js'
import { containerCall } from '../activities/container-world.js'
import { callOf } from '../activities/kind-world.js'
import { EdgeProcess, freePort } from '../edge/edge-process.js'
import { workerOn, type WorkerOn } from '../support/killed-worker.js'
import { actsOf, endsInOneOfTwoStates, type Scene } from '../support/two-states.js'
import { dockerComponent } from './containers-world.js'

// A worker of its own that is killed with SIGKILL before each single thing it does to the engine or the gateway.
const EVERY_MOMENT_MS = 1_200_000
let docker: Awaited<ReturnType<typeof dockerComponent>>
let edge: EdgeProcess
let engine: DockerEngine
const services: string[] = []
beforeAll(async () => {
  [docker, edge] = await Promise.all([dockerComponent(), EdgeProcess.start()])
  engine = new DockerEngine({ host: `unix://${docker.socket}` })
  for (const name of ['web:1.0.0', 'web:2.0.0']) await docker.sample(name)
})
afterAll(async () => {
  for (const service of services) for (const { name } of await engine.list({ 'releasectl.service': service })) await engine.remove(name)
  await edge.dispose()
})

const newService = (): string => { const name = `web-${randomBytes(4).toString('hex')}`; services.push(name); return name }
const onEngine = async (): Promise<WorkerOn> => ({ home: await mkdtemp(join(tmpdir(), 'releasectl-home-')), engine: { host: `unix://${docker.socket}` } })
const answerAt = async (port: number): Promise<string> => fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } }).then(async (answer) => answer.ok ? (await answer.text()).split(' ')[0] ?? '' : String(answer.status), () => 'nothing')
const states = async (service: string): Promise<string[]> => (await engine.list({ 'releasectl.service': service })).map(({ name, status }) => `${name} ${status}`).sort()

/** Version 1 of a service of its own runs; version 2 is about to, and has to be pulled. */
const replaced = (replicas: number, more: JsonObject = {}) => async (): Promise<Scene> => {
  const [on, service, port] = [await onEngine(), newService(), await freePort()]
  const job = (version: string): JobCall => containerCall(version, { service, image: `${docker.registry}/web:${version}`, ports: [`127.0.0.1:${port}:8080`], health: { path: '/healthz', timeout: '20s' }, stopTimeout: '1s', replicas, ...more })
  const old = await actsOf(on, job('1.0.0'))
  for (const act of old.act) await (await workerOn(on)).run(act)
  const every = (version: string, status: string): string[] => Array.from({ length: replicas }, (_, n) => `shop-${service}-${version}-${n + 1} ${status}`)
  const says = async (): Promise<string[]> => Promise.all((await engine.list({ 'releasectl.service': service })).filter(({ status }) => status === 'running').map(async ({ ports: [one] }) => answerAt(one?.host ?? 0)))
  return {
    ...await actsOf(on, job('2.0.0')),
    state: async () => ({ containers: await states(service), says: await says() }),
    after: { containers: [...every('1.0.0', 'exited'), ...every('2.0.0', 'running')], says: every('', '').map(() => 'web:2.0.0') },
  }
}

test('a worker killed at any moment of replacing a container, or of its undo: one of the two versions runs, whole', async () => {
  expect(await endsInOneOfTwoStates(replaced(1))).toBeGreaterThan(1)
}, EVERY_MOMENT_MS)

test('the same where both run side by side until the new one is healthy', async () => {
  expect(await endsInOneOfTwoStates(replaced(2, { ports: ['127.0.0.1::8080'] }))).toBeGreaterThan(1)
}, EVERY_MOMENT_MS)

/** The same behind the real gateway, to 100 % and the old version retired. */
async function rolledOut(): Promise<Scene> {
  const [service, listen] = [newService(), await freePort()]
  const on: WorkerOn = { ...await onEngine(), edge: { url: edge.controlUrl, token: await edge.token() } }
  const call = async (version: string) => {
    const hostPort = await freePort()
    const deploy = Value.Default(ContainerDeploy, { type: 'container', image: `${docker.registry}/web:${version}`, port: 8080, hostPort, drain: '1s', health: { path: '/healthz', timeout: '20s' } }) as JsonObject
    const made = callOf('rollout', { service, deploy, route: { gateway: 'edge', name: service, listen: { port: listen } }, strategy: { type: 'canary', phases: [{ percentage: 100, minRequests: 0, failureLimit: 1, consecutiveErrorLimit: 4 }] } })
    return { call: { ...made, release: { ...made.release, version } }, side: { id: made.release.releaseId, version, url: `http://127.0.0.1:${hostPort}` } }
  }
  const [old, now] = [await call('1.0.0'), await call('2.0.0')]
  const acts = ({ call: one, side: candidate }: typeof old, stable: typeof old.side | null) => [
    { activity: 'rollout.deploy', input: one }, { activity: 'rollout.setSplit', input: { call: one, stable, candidate, percent: 100, sticky: null } }, { activity: 'rollout.finish', input: { call: one, candidate, stable } },
  ]
  const worker = await workerOn(on)
  for (const act of acts(old, null)) await worker.run(act)
  const { snapshot } = await worker.run({ activity: 'rollout.snapshot', input: now.call }) as { snapshot: unknown }
  const traffic = new EdgeTraffic({ url: edge.controlUrl, token: await edge.token() })
  return {
    on, act: acts(now, old.side), undo: ['reviveStable', 'restoreRoute', 'removeCandidate'].map((undo) => ({ activity: `rollout.${undo}`, input: { call: now.call, snapshot } })),
    state: async () => {
      const route = await traffic.read(service)
      const running = (await engine.list({ 'releasectl.service': service })).filter(({ status }) => status === 'running')
      return { running: running.map(({ labels }) => labels['releasectl.version']), stable: route?.stable, candidate: route?.candidate, percent: route?.percent, says: await answerAt(listen) }
    },
    after: { running: ['2.0.0'], stable: now.side, candidate: null, percent: 0, says: 'web:2.0.0' },
  }
}

test('a worker killed at any moment of a rollout of containers, or of its undo: traffic is at one version that runs, and only that one runs', async () => {
  expect(await endsInOneOfTwoStates(rolledOut)).toBeGreaterThan(1)
}, EVERY_MOMENT_MS)
