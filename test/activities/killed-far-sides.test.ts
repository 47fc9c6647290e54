import { afterEach, expect, test } from 'vitest'
import type { WorkerOn } from '../support/killed-worker.js'
import { actsOf, endsInOneOfTwoStates, type Scene } from '../support/two-states.js'
import { startConfluenceDouble, TOKEN } from '../testbed/confluence-double.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { callOf } from './kind-world.js'

// A worker of its own that is killed with SIGKILL once a far side has done what it was asked over HTTP and before it has answered.
const stops: (() => Promise<void>)[] = []
afterEach(async () => { await Promise.all(stops.splice(0).map((stop) => stop())) })

/** What an answer waits for, from `hold` on until `release`: whoever asked is killed meanwhile. */
function gate(): { hold: () => Promise<void>; release: () => void } {
  let letGo = (): void => undefined
  return { hold: () => new Promise((resolve) => { letGo = resolve }), release: () => { letGo() } }
}

/** @param before the page's text; null: there is none */
const page = (before: string | null) => async (): Promise<Scene> => {
  const confluence = await startConfluenceDouble()
  stops.push(confluence.stop)
  const title = 'Release 1.2.3'
  if (before !== null) confluence.add('PROJ', title, before)
  const on: WorkerOn = { secrets: { 'env:CONFLUENCE': TOKEN } }
  const call = callOf('confluence-doc', { url: confluence.url, token: { $late: [{ secret: 'env:CONFLUENCE' }] }, spaceKey: 'PROJ', title, body: '<p>after</p>' })
  const late = gate()
  const writes = (): number => confluence.received.filter(({ method }) => method !== 'GET').length
  let earlier = 0
  return {
    ...await actsOf(on, call), state: async () => confluence.page(title)?.versions.at(-1)?.body ?? null, after: '<p>after</p>',
    hold: async () => { earlier = writes(); confluence.late.next = late.hold() }, release: async () => { late.release() },
    seen: async () => writes() > earlier, ran: async () => writes() - earlier,
  }
}

/** A far side that does a call once by its key, as the kind asks for. */
async function webhook(): Promise<Scene> {
  const late = gate()
  const done = new Set<string>()
  let [state, asked, earlier, before] = ['as it was', 0, 0, 0]
  let next: Promise<void> | undefined
  const server = await startHttpTarget(({ path, headers }) => {
    const key = String(headers['idempotency-key'])
    asked += 1
    if (!done.has(key)) state = path === '/undo' ? 'as it was' : 'called'
    done.add(key)
    const after = next
    next = undefined
    return { ...after && { after } }
  })
  stops.push(server.stop)
  const call = callOf('webhook', { url: `${server.url}/do`, method: 'POST', rollbackUrl: `${server.url}/undo` })
  return {
    ...await actsOf({}, call), state: async () => state, after: 'called',
    hold: async () => { [earlier, before] = [asked, done.size]; next = late.hold() }, release: async () => { late.release() },
    seen: async () => asked > earlier, ran: async () => done.size - before,
  }
}

test.each([
  ['writing a page', page('<p>before</p>')], ['making a page', page(null)], ['a call', webhook],
])('a worker killed inside %s or its undo: the next one ends it, in one of two states, and it was done once', { timeout: 120_000 }, async (_what, make) => {
  expect(await endsInOneOfTwoStates(make)).toBe(2)
})
