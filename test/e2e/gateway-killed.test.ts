import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { GATEWAY_TYPES } from '../../drivers/traffic/gateways.js'
import type { TrafficPort } from '../../drivers/traffic/port.js'
import { canaryPlan } from '../support/gateways/plans.js'
import { letCaddyBeReached, serverStand, type ServerStand } from '../support/gateways/servers.js'
import { ROUTE } from '../support/gateways/stand.js'
import { HoldingLine } from '../support/holding-line.js'
import { Installation } from '../support/installation.js'
import { SteadyTraffic } from '../support/steady-traffic.js'

/** `arm`: the next change is put in force and its answer kept back; resolves when it has come so far. */
interface Held { stand: ServerStand; settings: ServerStand['settings']; arm: () => Promise<void>; stop: () => Promise<void> }

const HELD: Record<string, () => Promise<Held>> = {
  nginx: heldNginx,
  caddy: heldCaddy,
}
const held = new Map<string, Held>()
let installation: Installation
let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'releasectl-killed-'))
  for (const [name, make] of Object.entries(HELD)) held.set(name, await make())
  const file = join(folder, 'gateways.yaml')
  writeFileSync(file, stringify(Object.fromEntries([...held].map(([name, { settings }]) => [name, settings]))))
  installation = await Installation.start({ RELEASECTL_GATEWAYS: file })
})
afterAll(async () => {
  await installation.stop()
  await Promise.all([...held.values()].map((one) => one.stop()))
  await rm(folder, { recursive: true })
})

test.each(Object.keys(HELD))('kill -9 of the worker between what %s puts in force and its answer, in the canary and in the undo: it is as it was, to the byte', async (name) => {
  const { stand, arm } = gatewayAt(name)
  const before = await stand.configuration()
  stand.running.candidate.self.failing = 0.5
  const traffic = trafficTo(stand, name)
  const canary = arm()
  const id = await start(name, '2.0.0-bad')
  await killedAfter(canary)
  expect(await percentAt(name)).toSatisfy((percent: number) => percent === 0 || isNear(percent, 20))
  await installation.until(id, ({ splits: [split] }) => split?.percent === 20) // else the next change is the same once more
  const undo = arm()
  await killedAfter(undo)
  expect(await percentAt(name)).toSatisfy((percent: number) => percent === 0 || isNear(percent, 20))
  const view = await installation.ended(id)
  await traffic.stop()
  stand.running.candidate.self.failing = 0
  expect(view).toMatchObject({ status: 'rolled_back', reason: 'failing 0.5 not <0.1 for app at 20%', undo: [{ state: 'undone' }] })
  expect(await stand.configuration()).toBe(before)
  expect(traffic.lost).toEqual([])
})

test.each(Object.keys(HELD))('kill -9 of the worker between what %s puts in force and its answer, in a phase and in the last word: it ends as it would have', async (name) => {
  const { stand, arm } = gatewayAt(name)
  const traffic = trafficTo(stand, name)
  const id = await start(name, '2.0.0')
  await installation.until(id, ({ splits: [split] }) => split?.percent === 20)
  await killedAfter(arm())
  expect(await percentAt(name)).toSatisfy((now: number) => isNear(now, 20) || isNear(now, 50))
  await installation.until(id, ({ splits: [split] }) => split?.percent === 100)
  await killedAfter(arm()) // of the last word: the new version alone
  const view = await installation.ended(id)
  await traffic.stop()
  expect(view).toMatchObject({ status: 'succeeded', reason: null, splits: [{ percent: 0, stable: '2.0.0', candidate: null }] })
  expect(await portOf(name).read(ROUTE)).toMatchObject({ stable: { id, version: '2.0.0', url: stand.urls.candidate }, candidate: null })
  expect(traffic.lost).toEqual([])
  expect(Object.keys(traffic.answered).sort()).toEqual(['one.0', 'two.0'])
})

async function killedAfter(change: Promise<void>): Promise<void> {
  await change
  installation.embedded.kill('worker', 'SIGKILL')
}

const gatewayAt = (name: string): Held => held.get(name) ?? (() => { throw new Error(`no gateway ${name}`) })()
const isNear = (percent: number, wanted: number): boolean => Math.abs(percent - wanted) <= 0.5
const trafficTo = ({ listen }: ServerStand, name: string): SteadyTraffic => new SteadyTraffic(listen, { again: name === 'caddy' ? 5 : 0 })
const percentAt = async (name: string): Promise<number> => (await portOf(name).read(ROUTE))?.percent ?? NaN

const start = (project: string, version: string): Promise<string> => {
  const { urls, running } = gatewayAt(project).stand
  return installation.release({ project, version, planText: canaryPlan(project), variables: { candidate: urls.candidate, self: `${running.candidate.side.url}/self` } }, `${project}/${version}`)
}

/** Not over the line. */
function portOf(name: string): TrafficPort {
  const { type, ...settings } = gatewayAt(name).stand.settings
  const known = GATEWAY_TYPES[type]
  if (!known) throw new Error(`no gateway type ${type}`)
  return known.create(Value.Default(known.schema, settings), name)
}

/** Its reload is a command of the operator's: one that does it and then hangs. */
async function heldNginx(): Promise<Held> {
  const stand = await serverStand('nginx')
  const [armed, hangs] = [join(stand.folder, 'armed'), join(stand.folder, 'hangs')]
  const reload = ['sh', '-c', `kill -HUP $(cat ${String(stand.settings['pid'])}); if rm ${armed} 2>/dev/null; then touch ${hangs}; exec sleep 5; fi`]
  return {
    stand, settings: { ...stand.settings, reload }, stop: () => stand.stop(),
    async arm() {
      rmSync(hangs, { force: true })
      writeFileSync(armed, '')
      while (!existsSync(hangs)) await delay(20)
    },
  }
}

async function heldCaddy(): Promise<Held> {
  const stand = await serverStand('caddy')
  const line = new HoldingLine(stand.admin, 'PATCH /id/')
  const port = await line.start()
  await letCaddyBeReached(stand, port)
  const settings = JSON.parse(JSON.stringify(stand.settings).replaceAll(`127.0.0.1:${stand.admin}`, `127.0.0.1:${port}`)) as ServerStand['settings']
  return { stand, settings, arm: () => line.arm(), async stop() { line.stop(); await stand.stop() } }
}
