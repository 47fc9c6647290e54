import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKubeConfig } from '../../drivers/clusters/kube-config.js'
import { KubernetesCluster } from '../../drivers/clusters/kubernetes.js'
import { clusterGateways } from '../../drivers/traffic/cluster/gateway-types.js'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import { GATEWAY_TYPES } from '../../drivers/traffic/gateways.js'
import type { Answer, RouteSplit, TrafficPort } from '../../drivers/traffic/port.js'
import { sameWithinStep } from '../../drivers/traffic/same-split.js'
import { EdgeProcess } from '../edge/edge-process.js'
import { gatewayApiStand, istioStand, type ClusterStand } from '../support/gateways/cluster.js'
import { apisixStand } from '../support/gateways/doubles.js'
import { edgeStand } from '../support/gateways/edge.js'
import { letCaddyBeReached, serverStand, type ServerName } from '../support/gateways/servers.js'
import { ROUTE, type GatewayStand } from '../support/gateways/stand.js'
import { seeded } from '../support/seeded.js'
import { ToxicLine } from '../support/toxic-line.js'

// Shorter than the slow line, longer than what a busy machine takes.
const ANSWERS_WITHIN_MS = 1500
const SLOW_MS = 1800
/** How long after the call began the line is spoilt, at most: some are spoilt before the gateway has heard of it, some after it has done it. */
const LATEST_MS = 60
const MOMENTS = 2

/** The same driver twice: over a line that can be spoilt, and by itself, for the truth. */
interface Behind { line: ToxicLine; far: TrafficPort; near: TrafficPort; stand: GatewayStand; stop(): Promise<void> }

const GATEWAYS: [string, () => Promise<Behind>][] = [
  ['edge', behindEdge],
  // nginx has no admin API, and lies on the worker's machine
  ...(['envoy', 'haproxy', 'traefik', 'caddy'] as const).map((name): [string, () => Promise<Behind>] => [name, () => behindServer(name)]),
  ['apisix (a double)', behindApisix],
  ['gateway-api', async () => behindCluster(await gatewayApiStand())],
  ['istio', async () => behindCluster(await istioStand())],
]

const TOXICS: [string, (line: ToxicLine) => Promise<void>][] = [
  ['is cut', (line) => line.cut()],
  ['is slower than we wait', (line) => line.spoil('latency', { latency: SLOW_MS }, 'downstream')],
  ['breaks off within an answer', (line) => line.spoil('limit_data', { bytes: 150 }, 'downstream')],
  ['is reset in mid-call', (line) => line.spoil('reset_peer', { timeout: 0 })],
  ['lets calls through and no answers', (line) => line.spoil('timeout', { timeout: 0 }, 'downstream')],
]

// Side by side, each with its gateway and its line: most of it is waiting for answers that do not come.
describe.concurrent.each(GATEWAYS)('a line to the admin API of %s', (name, make) => {
  const random = seeded(20_261_127)
  let behind: Behind
  let before: RouteSplit | null = null
  let bytes = ''
  beforeAll(async () => {
    behind = await make()
    before = await behind.near.read(ROUTE)
    bytes = await behind.stand.configuration()
  }, 300_000)
  afterAll(() => behind.stop())

  test.each(TOXICS)(`that %s: a split is in force or TARGET_UNREACHABLE, and asked for again it is in force; to restore is the same`, { concurrent: false }, async (_what, spoil) => {
    const { line, far, near, stand } = behind
    const spoiltDuring = async (call: () => Promise<Answer>, afterMs: number): Promise<'done' | 'unreachable'> => {
      const done = call().then((answer) => answer.refused ? Promise.reject(new Error(`${name} refused: ${answer.reason}`)) : 'done' as const, (error: unknown) => {
        if (!isUnreachable(error)) throw error
        return 'unreachable' as const
      })
      done.catch(() => undefined) // looked at below
      await delay(afterMs)
      await spoil(line)
      try { return await done } finally { await line.mend() }
    }
    for (let moment = 0; moment < MOMENTS; moment++) {
      const afterMs = moment === 0 ? 0 : random() * LATEST_MS
      const wanted: RouteSplit = { stable: { ...stand.running.stable.side, url: stand.urls.stable }, candidate: { ...stand.running.candidate.side, url: stand.urls.candidate }, percent: 20 + moment, sticky: null }
      const inForce = (split: RouteSplit | null): boolean => split !== null && sameWithinStep(wanted, split, near.can.percentStep)
      if (await spoiltDuring(() => far.setSplit(ROUTE, wanted), afterMs) === 'done') expect(await near.read(ROUTE)).toSatisfy(inForce)
      expect(await again(() => far.setSplit(ROUTE, wanted))).toMatchObject({ refused: false })
      expect(await near.read(ROUTE)).toSatisfy(inForce)
      if (await spoiltDuring(() => far.restore(ROUTE, before), afterMs) === 'done') expect(await stand.configuration()).toBe(bytes)
      expect(await again(() => far.restore(ROUTE, before))).toEqual({ refused: false, split: before })
      expect(await stand.configuration()).toBe(bytes)
    }
  })
})

/** As Temporal asks again: a kept connection that the line has ended may be found only by the next call. */
async function again(call: () => Promise<Answer>, tries = 3): Promise<Answer> {
  try { return await call() } catch (error) {
    if (tries === 1 || !isUnreachable(error)) throw error
    await delay(20)
    return again(call, tries - 1)
  }
}

const isUnreachable = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === 'TARGET_UNREACHABLE' && error.nonRetryable !== true

async function behindEdge(): Promise<Behind> {
  const edge = await EdgeProcess.start()
  const stand = await edgeStand({ controlUrl: edge.controlUrl, token: await edge.token(), port: edge.port })
  const line = await ToxicLine.to(`127.0.0.1:${edge.controlPort}`)
  const to = async (url: string): Promise<TrafficPort> => new EdgeTraffic({ url, token: await edge.token(), timeoutMs: ANSWERS_WITHIN_MS })
  return { stand, line, far: await to(`http://127.0.0.1:${line.port}`), near: await to(edge.controlUrl), async stop() { await stand.stop(); await edge.dispose() } }
}

async function behindServer(name: ServerName): Promise<Behind> {
  const stand = await serverStand(name, { timeoutMs: ANSWERS_WITHIN_MS })
  const line = await ToxicLine.to(`127.0.0.1:${stand.admin}`)
  if (name === 'caddy') await letCaddyBeReached(stand, line.port)
  return behindOf(stand, line, `127.0.0.1:${stand.admin}`)
}

async function behindApisix(): Promise<Behind> {
  const stand = await apisixStand()
  const { host } = new URL(stand.double.adminUrl)
  return behindOf({ ...stand, settings: { ...stand.settings, timeoutMs: ANSWERS_WITHIN_MS } }, await ToxicLine.to(host), host)
}

/** Its settings once as they are, and once with the line's address for the admin API's. */
function behindOf(stand: GatewayStand, line: ToxicLine, admin: string): Behind {
  const { type, ...settings } = stand.settings
  const create = (given: object, name: string): TrafficPort => {
    const known = GATEWAY_TYPES[type]
    if (!known) throw new Error(`no gateway type ${type}`)
    return known.create(Value.Default(known.schema, given), name)
  }
  const moved = JSON.parse(JSON.stringify(settings).replaceAll(admin, `127.0.0.1:${line.port}`)) as object
  return { stand, line, far: create(moved, 'far'), near: create(settings, 'near'), stop: () => stand.stop() }
}

async function behindCluster(stand: ClusterStand): Promise<Behind> {
  const { type, namespace, kubeconfigFile } = stand.settings as { type: string; namespace: string; kubeconfigFile: string }
  const text = await readFile(kubeconfigFile, 'utf8')
  const [, api = ''] = /server: "https:\/\/([^"]+)"/.exec(text) ?? []
  const line = await ToxicLine.to(api)
  const file = join(kubeconfigFile, '..', `kubeconfig-${line.port}`)
  await writeFile(file, text.replace(api, `127.0.0.1:${line.port}`), { mode: 0o600 })
  const types = clusterGateways((access) => new KubernetesCluster(readKubeConfig(access, undefined), { namespace, timeoutMs: ANSWERS_WITHIN_MS }))
  const to = (config: string): TrafficPort => {
    const known = types[type]
    if (!known) throw new Error(`no gateway type ${type}`)
    return known.create(Value.Default(known.schema, { kubeconfigFile: config, namespace, settleMs: 0 }), type)
  }
  return { stand, line, far: to(file), near: to(kubeconfigFile), stop: () => stand.stop() }
}
