import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseView } from '../../domain/release.js'
import { endServices } from '../../embedded/services.js'
import { FaultyLine, type Fault } from '../support/faulty-line.js'
import { Installation } from '../support/installation.js'
import { Sessions } from '../support/sessions.js'
import { edgeRoute, SHOP } from '../support/shop-lane.js'
import { judged, shopRollout } from '../support/shop-plan.js'

// Longer than the driver waits for edge (5 s).
const TOO_LATE_MS = 6000
const LANES = ['refused', 'late', 'twice', 'cut', 'silent', 'stuck']

const line = new FaultyLine()
let installation: Installation
beforeAll(async () => {
  await line.start()
  installation = await Installation.start({ EDGE_CONTROL_URL: line.url })
  line.target = installation.embedded.urls.edgeControl
  await Promise.all(LANES.map(async (lane) => expect((await installation.ended(await start(lane, '1.0.0'))).status).toBe('succeeded')))
})
afterAll(async () => {
  await endServices(join(installation.folder, 'home'))
  await installation.stop()
  await line.stop()
})

test.concurrent('a gateway that refuses a split takes the release back, in the gateway\'s own words', async () => {
  line.faults.set('refused', ({ split }) => split?.percent === 100 ? { do: 'refuse', reason: 'routes are locked for maintenance' } : null)
  const { view, flips } = await release('refused', '2.0.0')
  expect(line.happened.get('refused')).toEqual(['refuse PUT']) // a no is not asked for again
  expect(view).toMatchObject({ status: 'rolled_back', reason: 'gateway edge refused route refused: routes are locked for maintenance' })
  expect(view.undo.map(({ state }) => state)).toEqual(['undone', 'undone', 'undone'])
  expect(await edgeRoute(installation.embedded, 'refused')).toMatchObject({ stable: { version: '1.0.0' }, candidate: null, percent: 0 })
  expect(await shown('refused')).toBe('1.0.0')
  expect(flips, 'over and back at most').toBeLessThanOrEqual(2)
})

test.concurrent.each<[string, string, Fault]>([
  ['answers too late though it has set the split', 'late', { do: 'late', ms: TOO_LATE_MS }],
  ['is told each split twice', 'twice', { do: 'twice' }],
  ['breaks the connection once it has set the split', 'cut', { do: 'cut' }],
])('a gateway that %s costs the release nothing, and no session moves twice', async (_what, lane, fault) => {
  const told = new Set<string>()
  line.faults.set(lane, ({ method, split }) => {
    const step = `${split?.percent} ${split?.candidate?.id}`
    if (method !== 'PUT' || (told.has(step) && fault.do !== 'twice')) return null
    told.add(step)
    return fault
  })
  const { id, view, flips } = await release(lane, '2.0.0')
  expect(line.happened.get(lane)).toEqual([30, 100, 0].map(() => `${fault.do} PUT`)) // each split of the canary and the last word
  expect(view).toMatchObject({ status: 'succeeded', reason: null })
  expect(await edgeRoute(installation.embedded, lane)).toMatchObject({ stable: { id, version: '2.0.0' }, candidate: null, percent: 0 })
  expect(await shown(lane)).toBe('2.0.0')
  expect(flips).toBe(1)
})

test.concurrent('a gateway that is silent for a while in a hold is waited for', async () => {
  let quietUntil = 0
  line.faults.set('silent', ({ method, split }) => {
    if (method === 'PUT' && split?.percent === 30) quietUntil ||= Date.now() + 8000
    return method === 'GET' && Date.now() < quietUntil ? { do: 'silent' } : null
  })
  const { id, view, flips } = await release('silent', '2.0.0')
  expect(line.happened.get('silent')).toContain('silent GET')
  expect(view).toMatchObject({ status: 'succeeded', reason: null })
  expect(await edgeRoute(installation.embedded, 'silent')).toMatchObject({ stable: { id }, candidate: null, percent: 0 })
  expect(flips).toBe(1)
})

test.concurrent('what a gateway does not let be taken back is left for a person, and a retry takes back just that', async () => {
  let locked = true
  line.faults.set('stuck', ({ method, split }) => method === 'PUT' && split?.percent !== 30 && locked ? { do: 'refuse', reason: 'read-only' } : null)
  const { id, view } = await release('stuck', '2.0.0')
  expect(view).toMatchObject({ status: 'failed', reason: 'gateway edge refused route stuck: read-only' })
  expect(undoOf(view)).toEqual({
    'prepare (script)': ['undone', null],
    'stuck 2.0.0 started': ['failed', expect.stringMatching(/^route stuck of gateway edge still sends 30% of its requests to stuck\//)],
    'split of edge/stuck': ['failed', 'gateway edge refused route stuck: read-only'],
  })
  expect(view.undo.filter(({ state }) => state === 'failed').map(({ manual }) => manual)).toEqual(['Stop the processes of stuck 2.0.0.', 'Send all traffic of route stuck to 1.0.0 at edge.'])
  expect(await edgeRoute(installation.embedded, 'stuck')).toMatchObject({ stable: { version: '1.0.0' }, candidate: { version: '2.0.0' }, percent: 30 })

  locked = false
  await installation.call('POST', `/releases/${id}/retry`, {})
  const retried = await installation.until(id, ({ status }) => status === 'rolled_back')
  expect(Object.values(undoOf(retried))).toEqual([['undone', null], ['undone', null], ['undone', null]])
  const done = (await installation.events(id)).filter(({ type }) => type === 'undo.done').map(({ message }) => message)
  expect(done).toEqual(['taken back: prepare (script)', 'taken back: split of edge/stuck', 'taken back: stuck 2.0.0 started'])
  expect(readFileSync(logOf('stuck'), 'utf8').split('\n').filter((entry) => entry === `${id} back`)).toHaveLength(1)
  expect(await edgeRoute(installation.embedded, 'stuck')).toMatchObject({ stable: { version: '1.0.0' }, candidate: null, percent: 0 })
  expect(await shown('stuck')).toBe('1.0.0')
})

/** A release with visitors; `flips`: the most that one of them changed versions. */
async function release(lane: string, version: string): Promise<{ id: string; view: ReleaseView; flips: number }> {
  const sessions = new Sessions()
  sessions.start([urlOf(lane)], { each: 20, pauseMs: 200 })
  const id = await start(lane, version)
  const view = await installation.ended(id)
  await new Promise((resolve) => setTimeout(resolve, 500)) // each visitor comes once more
  await sessions.stop()
  return { id, view, flips: Math.max(...[...sessions.seen.values()].map((versions) => versions.length - 1)) }
}

const start = (lane: string, version: string): Promise<string> => installation.release({
  project: lane, version, planText: plan(Number(new URL(installation.embedded.urls.edge).port)),
  variables: { folder: SHOP, lane, log: logOf(lane) },
}, `${lane}/${version}`)

const undoOf = ({ undo }: ReleaseView): Record<string, [string, unknown]> => Object.fromEntries(undo.map(({ what, state, error }) => [what, [state, error]]))
const urlOf = (lane: string): string => `${installation.embedded.urls.edge}/${lane}/`
const shown = async (lane: string): Promise<unknown> => (await (await fetch(urlOf(lane))).json() as { shop?: string }).shop
const logOf = (lane: string): string => join(installation.folder, `${lane}.log`)

const plan = (port: number): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: faults }
variables: { folder: "", lane: "", log: "" }
stages:
  - name: before
    jobs:
      - name: prepare
        type: script
        config: { script: 'echo "$RELEASE_ID there" >> "$log"', rollbackScript: 'echo "$RELEASE_ID back" >> "$log"' }
  - name: ship
    jobs: [${shopRollout({ service: '${variables.lane}', listen: { port, path: '/${variables.lane}' }, sticky: true, phases: [judged(30, '3s'), judged(100, '2s')] })}]
`
