import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobCall, RolloutActivities } from '../../activities/contract.js'
import { createRolloutActivities } from '../../activities/rollout/index.js'
import { InstallationKey } from '../../config/key.js'
import type { JsonObject } from '../../domain/json.js'
import { ApisixTraffic } from '../../drivers/traffic/apisix/apisix.js'
import { kindNamed } from '../../plan/kind-named.js'
import { runVersion, versionAt, type RunningVersion } from '../contract/traffic-versions.js'
import { compileText, planOf } from '../plan/compiling.js'
import { ApisixDouble } from '../testbed/apisix-double.js'
import { callOf } from './kind-world.js'

// The job configure-gateway of specification 0, section 7.1, against the double: nothing but the address is changed.
const WRITTEN = readFileSync(new URL('../plan/spec-7-1.yaml', import.meta.url), 'utf8')

// Jobs of kinds that this build lacks.
const LACKING = /^ +- name: "(?:create-release-notes|deploy-kubernetes|run-tests|rollback-kubernetes)"\n(?:(?! +- name: ")(?! {2}- name)(?!rollback:).*\n)*/gmu
const KEY = randomBytes(32)

let double: ApisixDouble
let old: RunningVersion
let fresh: RunningVersion
beforeAll(async () => {
  double = await ApisixDouble.start()
  ;[old, fresh] = [await runVersion('old'), await runVersion('new')]
  await put('upstreams/payment-service-1.2.3', { nodes: { [new URL(fresh.side.url).host]: 1 } })
  await put('routes/payment-service', { uri: '/*', upstream: { nodes: { [new URL(old.side.url).host]: 1 } } })
})
afterAll(async () => { await Promise.all([double.stop(), old.stop(), fresh.stop()]) })

test('7.1: the canary goes from the configured version to the upstream payment-service-1.2.3, and restore puts the route back to the byte', async () => {
  const call = configureGateway(double.adminUrl)
  const bytes = double.stored('/apisix/routes/payment-service')
  const { url } = await run('rollout.locate', call)
  expect(url).toBe(fresh.side.url)
  const candidate = { id: call.release.releaseId, version: '1.2.3', url }
  const { snapshot, stable } = await run('rollout.snapshot', call)
  expect(stable).toMatchObject({ url: old.side.url })
  const { phases } = call.config['strategy'] as { phases: { percentage: number }[] } & JsonObject
  const shares: number[] = []
  let expectedPercent: number | undefined
  for (const { percentage } of phases) {
    await run('rollout.setSplit', { call, stable, candidate, percent: percentage, sticky: null, ...expectedPercent !== undefined && { expectedPercent } })
    expectedPercent = percentage
    shares.push((await answers(100)).filter((version) => version === 'new.0').length)
  }
  expect(shares).toEqual([5, 20, 50, 100])
  await run('rollout.finish', { call, candidate, stable })
  expect(new Set(await answers(20))).toEqual(new Set(['new.0']))
  await run('rollout.restoreRoute', { call, snapshot })
  expect(new Set(await answers(20))).toEqual(new Set(['old.0']))
  expect(double.stored('/apisix/routes/payment-service')).toBe(bytes)
})

test('a plan that means another APISIX than the installation has, or a version it does not know, is told so', async () => {
  await expect(run('rollout.snapshot', configureGateway('https://apisix-admin.example.com')))
    .rejects.toMatchObject({ type: 'CONFIG_INVALID', message: `gateway apisix of this installation is at ${double.adminUrl}, not at https://apisix-admin.example.com` })
  const call = configureGateway(double.adminUrl)
  await expect(run('rollout.locate', { ...call, release: { ...call.release, version: '9.9.9' } }))
    .rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'gateway apisix does not say where 9.9.9 of payment-service is: name candidate.url' })
})

test('apisix-gateway is the gateway apisix unless the job names another; edge needs a candidate', () => {
  const plan = (type: string, config: string): string => `apiVersion: devops.release/v1\nkind: ReleasePlan\nmetadata: { name: shop, version: 2.4.0 }\nstages: [{ name: one, jobs: [{ name: shift, type: ${type}, config: { serviceId: shop, strategy: { type: canary, phases: [{ percentage: 100 }] }${config} } }] }]\n`
  const config = (text: string) => planOf(text).stages[0]?.jobs[0]?.config['gateway']
  expect(kindNamed('apisix-gateway')?.name).toBe('gateway')
  expect(config(plan('apisix-gateway', ''))).toBe('apisix')
  expect(config(plan('apisix-gateway', ', gateway: front'))).toBe('front')
  expect(compileText(plan('gateway', ''))).toMatchObject({ valid: false, issues: [{ code: 'CONFIG_INVALID', message: 'needs candidate and strategy, or restore: true' }] })
})

function configureGateway(apiEndpoint: string): JobCall {
  const job = kindNamed('apisix-gateway') && planOf(WRITTEN.replaceAll('https://apisix-admin.example.com', apiEndpoint).replace(LACKING, '').replace(/^ +dependsOn: \["rollback-kubernetes"\]\n/mu, '')).stages[1]?.jobs.find(({ name }) => name === 'configure-gateway')
  const call = callOf('gateway', job?.config ?? {})
  return { ...call, release: { ...call.release, version: '1.2.3' } }
}

const answers = (count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, () => versionAt({ port: double.port })))

async function run<Name extends Exclude<keyof RolloutActivities, 'rollout.judge'>>(name: Name, input: Parameters<RolloutActivities[Name]>[0]): Promise<Awaited<ReturnType<RolloutActivities[Name]>>> {
  const activities = createRolloutActivities({
    places: {} as Parameters<typeof createRolloutActivities>[0]['places'], // a gateway job runs on none
    key: new InstallationKey(KEY), gateways: { apisix: new ApisixTraffic({ admin: double.adminUrl, key: double.key, timeoutMs: 5000 }) },
    resolveSecret: () => Promise.reject(new Error('nothing secret is asked for')), snapshots: { save: () => Promise.reject(new Error('small')), find: async () => null },
  })
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const result: unknown = await environment.run(activities[name] as unknown as (given: unknown) => Promise<unknown>, input)
  return result as Awaited<ReturnType<RolloutActivities[Name]>>
}

async function put(path: string, body: object): Promise<void> {
  const { status } = await fetch(`${double.adminUrl}/apisix/admin/${path}`, { method: 'PUT', headers: { 'x-api-key': double.key }, body: JSON.stringify(body) })
  expect(status).toBe(201)
}
