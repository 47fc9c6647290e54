import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PartName } from '../../embedded/parts.js'
import { Installation } from '../support/installation.js'
import { endServices } from '../../embedded/services.js'
import { seeded } from '../support/seeded.js'
import { Sessions } from '../support/sessions.js'
import { SHOP } from '../support/shop-lane.js'
import { judged, shopRollout } from '../support/shop-plan.js'

// Ten releases at a time, each at another point of its canary when the parts are killed: ten seeded moments for every victim.
const RELEASES = 10
const VISITORS = 16
const SEED = Number(process.env['CRASH_SEED'] ?? 20_261_121)
const VICTIMS: [string, PartName[]][] = [
  ['the worker', ['worker']], ['the API', ['api']], ['edge', ['edge']], ['the Temporal server', ['temporal']], ['PostgreSQL', ['postgres']],
  ['everything', ['worker', 'api', 'edge', 'temporal', 'postgres']],
]
const lanes = Array.from({ length: RELEASES }, (_, n) => `shop-${n}`)

let installation: Installation
beforeAll(async () => {
  installation = await Installation.start()
  await Promise.all(lanes.map(async (lane) => {
    const id = await installation.release(requestOf(lane, '1.0.0', '0'), `first/${lane}`)
    expect((await installation.ended(id)).status).toBe('succeeded')
  }))
})
afterAll(async () => {
  await endServices(join(installation.folder, 'home'))
  await installation.stop()
})

test.each(VICTIMS.map(([name, parts], round) => ({ name, parts, round })))('kill -9 of $name at ten moments changes nothing about how releases end', async ({ parts, round }) => {
  const random = seeded(SEED + round)
  const version = `${round + 2}.0.0`
  const sessions = new Sessions()
  sessions.start(lanes.map((lane) => `${installation.embedded.urls.edge}/${lane}/`), { each: VISITORS, pauseMs: 400 })
  const started = Promise.all(lanes.map(async (lane, n) => {
    await delay(n * 700 + random() * 700)
    return installation.release(requestOf(lane, version, isBad(n, round) ? '0.7' : '0'), `${version}/${lane}`)
  }))
  await delay(4000 + random() * 6000)
  for (const part of parts) installation.embedded.kill(part, 'SIGKILL')
  const ids = await started
  const views = await Promise.all(ids.map((id) => installation.ended(id)))
  await sessions.stop()

  expect(views.map(({ status }) => status)).toEqual(lanes.map((_, n) => isBad(n, round) ? 'rolled_back' : 'succeeded'))
  expect(views.flatMap(({ undo }) => undo.filter(({ state }) => state === 'failed'))).toEqual([])
  for (const [n, id] of ids.entries()) {
    const keys = sideEffects(lanes[n] ?? '').filter((key) => key.startsWith(`${id}/`))
    expect(keys.toSorted()).toEqual([`${id}/prepare/before/1`, ...isBad(n, round) ? [`${id}/tell/note/1`] : [`${id}/after/after/1`]].toSorted())
    const events = await installation.events(id)
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
  }
  for (const [visitor, versions] of sessions.seen) {
    const bad = isBad(lanes.findIndex((lane) => visitor.includes(`/${lane}/`)), round)
    // over to the candidate at most once, and back only when it was taken back
    expect(versions.length, `${visitor}: ${versions.join(' → ')}`).toBeLessThanOrEqual(bad ? 3 : 2)
  }
  expect(sessions.requests).toBeGreaterThan(RELEASES * VISITORS)
})

/** Every third release of a round is a bad version; another third each round. */
const isBad = (lane: number, round: number): boolean => (lane + round) % 3 === 0

const logOf = (lane: string): string => join(installation.folder, `${lane}.log`)
const sideEffects = (lane: string): string[] => existsSync(logOf(lane)) ? readFileSync(logOf(lane), 'utf8').split('\n').filter((line) => line !== '') : []

const requestOf = (lane: string, version: string, failRate: string) => ({
  project: lane, version, variables: { folder: SHOP, failRate, lane, log: logOf(lane) }, planText: plan(Number(new URL(installation.embedded.urls.edge).port)),
})

const SCRIPT = 'echo "$RELEASECTL_IDEMPOTENCY_KEY" >> "$log"; sleep 1'
const plan = (port: number): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: crash }
variables: { folder: "", failRate: "0", lane: "", log: "" }
stages:
  - name: prepare
    jobs: [{ name: before, type: script, config: { script: '${SCRIPT}' } }]
  - name: ship
    jobs: [${shopRollout({ service: '${variables.lane}', environment: { FAIL_RATE: '${variables.failRate}' }, listen: { port, path: '/${variables.lane}' }, sticky: true, phases: [judged(50, '4s'), judged(100, '3s')] })}]
  - name: after
    jobs: [{ name: after, type: script, config: { script: '${SCRIPT}' } }]
rollback:
  stages:
    - name: tell
      jobs: [{ name: note, type: script, config: { script: '${SCRIPT}' } }]
`
