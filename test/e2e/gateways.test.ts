import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { ReleaseView } from '../../domain/release.js'
import { endServices } from '../../embedded/services.js'
import { dockerComponent } from '../contract/containers-world.js'
import { many, versionAt } from '../contract/traffic-versions.js'
import { until } from '../edge/edge-process.js'
import { canaryPlan, containersPlan, judgedPlan, rolloutPlan, testersPlan } from '../support/gateways/plans.js'
import { nodeAddress } from '../support/cluster.js'
import { gatewayApiStand, istioStand } from '../support/gateways/cluster.js'
import { apisixStand } from '../support/gateways/doubles.js'
import { edgeStand } from '../support/gateways/edge.js'
import { serverStand, type ServerName } from '../support/gateways/servers.js'
import { ROUTE, type GatewayStand } from '../support/gateways/stand.js'
import { SteadyTraffic } from '../support/steady-traffic.js'
import { Installation } from '../support/installation.js'
import { freePort } from '../support/servers.js'

const SERVERS: ServerName[] = ['envoy', 'haproxy', 'traefik', 'nginx', 'caddy-file']
/** Where real requests are carried. The data plane of APISIX is a double's. */
const CARRYING = ['edge', ...SERVERS, 'gateway-api', 'istio', 'apisix (a double)']
/** They do not reach this machine's loopback address, where processes listen. */
const OF_CLUSTERS = ['gateway-api', 'istio']
/** Caddy whose routes are changed by its admin API hangs up on some requests that come in just while it changes over: its clients send them again. */
const BY_ADMIN_API: ServerName = 'caddy'
const AGAIN: Record<string, number> = { [BY_ADMIN_API]: 5 }

const stands = new Map<string, GatewayStand>()
let docker: Awaited<ReturnType<typeof dockerComponent>>
let installation: Installation
let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'releasectl-gateways-'))
  const make: [string, () => Promise<GatewayStand>][] = [
    ...[...SERVERS, BY_ADMIN_API].map((name): [string, () => Promise<GatewayStand>] => [name, () => serverStand(name)]),
    ['gateway-api', gatewayApiStand], ['istio', istioStand], ['apisix (a double)', apisixStand],
  ]
  await Promise.all(make.map(async ([name, start]) => { stands.set(name, await start()) }))
  const file = join(folder, 'gateways.yaml')
  writeFileSync(file, stringify(Object.fromEntries([...stands].map(([name, { settings }]) => [gatewayOf(name), settings]))))
  docker = await dockerComponent()
  for (const version of ['5.0.0', '6.0.0', '7.0.0']) await docker.sample(`shop:${version}`)
  installation = await Installation.start({ RELEASECTL_GATEWAYS: file, DOCKER_HOST: `unix://${docker.socket}` })
  const { urls, home } = installation.embedded
  stands.set('edge', await edgeStand({ controlUrl: urls.edgeControl, token: readFileSync(join(home, 'edge-token'), 'utf8').trim(), port: await freePort() }))
}, 600_000)
afterAll(async () => {
  await endServices(join(installation.folder, 'home'))
  await installation.stop()
  await Promise.all([...stands.values()].map((stand) => stand.stop()))
  await rm(folder, { recursive: true })
})

describe('a bad version', () => {
  test.concurrent.each([...CARRYING, BY_ADMIN_API])('goes back by %s, which then has its configuration to the byte, and no request is lost', async (name) => {
    const stand = standOf(name)
    const before = await stand.configuration()
    stand.running.candidate.self.failing = 0.5
    const traffic = new SteadyTraffic(stand.listen, { again: AGAIN[name] ?? 0 })
    const view = await release(name, '2.0.0-bad')
    await traffic.stop()
    stand.running.candidate.self.failing = 0
    expect(view).toMatchObject({ status: 'rolled_back', reason: 'failing 0.5 not <0.1 for app at 20%' })
    expect(view.undo.map(({ what, state }) => `${what}: ${state}`)).toEqual([`split of ${gatewayOf(name)}/${ROUTE}: undone`])
    expect(traffic.lost).toEqual([])
    expect(Object.keys(traffic.answered).sort()).toEqual(['one.0', 'two.0'])
    expect(await stand.configuration()).toBe(before)
    expect(await answersOf(stand, name)).toEqual(['one.0'])
  })
})

describe('a version that fails', () => {
  test.concurrent.each(CARRYING.filter((name) => name !== 'gateway-api'))('is taken back by what %s itself has counted', async (name) => {
    const { running: { candidate }, urls, listen } = standOf(name)
    const project = gatewayOf(name)
    candidate.isBroken = true
    const traffic = new SteadyTraffic(listen)
    const id = await installation.release({ project, version: '2.0.0-broken', planText: judgedPlan(project), variables: { candidate: urls.candidate } }, `${project}/2.0.0-broken`)
    const view = await installation.ended(id)
    await traffic.stop()
    candidate.isBroken = false
    expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/^error rate 100% not <20% for app at 50%/) as string })
    expect(traffic.lost.filter((lost) => !lost.includes('status 503'))).toEqual([])
  })
})

describe('one canary plan, of which only the gateway is another', () => {
  test.concurrent.each([...CARRYING, BY_ADMIN_API])('passes through %s under steady requests, of which none is lost', async (name) => {
    const stand = standOf(name)
    const traffic = new SteadyTraffic(stand.listen, { again: AGAIN[name] ?? 0 })
    const view = await release(name, '2.0.0')
    await traffic.stop()
    expect(view).toMatchObject({ status: 'succeeded', reason: null })
    expect(traffic.lost).toEqual([])
    expect(Object.keys(traffic.answered).sort()).toEqual(['one.0', 'two.0'])
    expect(await answersOf(stand, name)).toEqual(['two.0'])
  })
})

describe('one canary plan with testers and copies, of which only the gateway is another', () => {
  test.concurrent.each(['edge', 'envoy', 'traefik', 'nginx', 'istio'])('gives testers and a copy of each request to the new version at %s, before anybody else has it', async (name) => {
    const { listen, urls, running: { stable: next } } = standOf(name) // the first one again
    const project = gatewayOf(name)
    const id = await installation.release({ project, version: '2.5.0', planText: testersPlan(project), variables: { candidate: urls.stable } }, `${project}/2.5.0`)
    await installation.until(id, ({ splits: [split] }) => split?.candidate === '2.5.0')
    expect(new Set(await many(20, () => versionAt(listen, { headers: { 'x-tester': 'yes' } })))).toEqual(new Set(['one.0']))
    const before = next.arrived
    expect(new Set(await many(20, () => versionAt(listen)))).toEqual(new Set(['two.0']))
    await until(() => next.arrived === before + 20)
    await installation.call('POST', `/releases/${id}/promote`, { to: 'next' })
    expect(await installation.ended(id)).toMatchObject({ status: 'succeeded', reason: null })
    expect(new Set(await many(20, () => versionAt(listen)))).toEqual(new Set(['one.0']))
  })
})

describe('one rollout plan, of which only the gateway is another', () => {
  test.concurrent.each(CARRYING.filter((name) => !OF_CLUSTERS.includes(name)))('ends the old version at %s when its slow requests are answered, though it would not wait for them itself', async (name) => {
    const stand = standOf(name)
    expect(await rollout(name, '3.0.0')).toMatchObject({ status: 'succeeded', reason: null })
    const traffic = new SteadyTraffic(stand.listen)
    expect(await rollout(name, '4.0.0')).toMatchObject({ status: 'succeeded', reason: null })
    await traffic.stop()
    expect(traffic.lost).toEqual([])
    expect(Object.keys(traffic.answered).sort()).toEqual(['3.0.0', '4.0.0'])
  })
})

describe('one rollout plan of containers, of which only the gateway is another', () => {
  test.concurrent.each(CARRYING)('takes %s from what it has to containers, by canary and by blue-green, and back to the container before; no request is lost', async (name) => {
    const { listen } = standOf(name)
    expect(await containers(name, '5.0.0', 'canary')).toMatchObject({ status: 'succeeded', reason: null })
    const traffic = new SteadyTraffic(listen)
    expect(await containers(name, '6.0.0', 'canary')).toMatchObject({ status: 'succeeded', reason: null })
    const last = await containers(name, '7.0.0', 'blue-green')
    expect(last).toMatchObject({ status: 'succeeded', reason: null })
    await installation.call('POST', `/releases/${last.release.releaseId}/rollback`)
    await installation.until(last.release.releaseId, ({ status, endedAt }) => status === 'rolled_back' && endedAt !== null, 120_000)
    expect(await sampleAt(name)).toEqual(['shop:6.0.0'])
    await traffic.stop()
    expect(traffic.lost).toEqual([])
    expect([...new Set(Object.keys(traffic.answered).map(sampleOf))].sort()).toEqual(['shop:5.0.0', 'shop:6.0.0', 'shop:7.0.0'])
  })
})

const gatewayOf = (name: string): string => name.split(' ')[0] ?? name
const standOf = (name: string): GatewayStand => stands.get(name) ?? (() => { throw new Error(`no stand ${name}`) })()

async function release(name: string, version: string): Promise<ReleaseView> {
  const { urls, running } = standOf(name)
  const project = gatewayOf(name)
  const id = await installation.release({ project, version, planText: canaryPlan(project), variables: { candidate: urls.candidate, self: `${running.candidate.side.url}/self` } }, `${project}/${version}`)
  return installation.ended(id)
}

async function rollout(name: string, version: string): Promise<ReleaseView> {
  const project = gatewayOf(name)
  return installation.ended(await installation.release({ project, version, planText: rolloutPlan(project) }, `${project}/${version}`))
}

async function containers(name: string, version: string, strategy: 'canary' | 'blue-green'): Promise<ReleaseView> {
  const project = gatewayOf(name)
  return installation.ended(await installation.release({ project, version, planText: containersPlan(project, `${docker.registry}/shop`, strategy, OF_CLUSTERS.includes(name) ? nodeAddress() : '127.0.0.1') }, `${project}/${version}`))
}
/** `shop:1.0.0 on 3f2a…`: which container answered. */
const sampleOf = (answer: string): string => answer.split(' ')[0] ?? ''
const sampleAt = async (name: string): Promise<string[]> => [...new Set((await answersOf(standOf(name), name)).map(sampleOf))]

/** Who answers, now that all is over. */
const answersOf = async ({ listen }: GatewayStand, name: string): Promise<string[]> =>
  [...new Set(await many(60, () => versionAt(listen, { again: AGAIN[name] ?? 0 })))].sort()
