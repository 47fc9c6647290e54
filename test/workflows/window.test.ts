import { afterAll, beforeEach, expect, test } from 'vitest'
import type { ReleaseWindow } from '../../domain/window.js'
import { abortUpdate } from '../../workflows/messages.js'
import { DAY, HOUR, job, MINUTE, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const window = { timezone: 'Europe/Berlin', allowed: [], blackouts: [], exceptions: [] } as unknown as ReleaseWindow
const plan = planOf([stage('ship', [job('a', 'script')])], { window })
const startedAt = (): number => Date.parse(world.journal.find(({ type }) => type === 'job.started')?.at ?? '')

test('a release waits for its window, and says until when', async () => {
  let opensAtMs = 0
  world.opensAtMs = (atMs) => { opensAtMs ||= atMs + 3 * DAY; return Math.max(opensAtMs, atMs) }
  const handle = await world.start(plan)
  const view = await world.until(({ status }) => status === 'waiting_window')
  expect(view.waiting).toMatchObject([{ what: 'window', where: 'Europe/Berlin', commands: ['abort'], until: new Date(opensAtMs).toISOString() }])
  expect(world.trace).toEqual([])
  expect((await handle.result()).status).toBe('succeeded')
  expect(Math.round((startedAt() - opensAtMs) / MINUTE)).toBe(0)
})

test('a window that is open keeps nobody waiting', async () => {
  await world.run(plan)
  expect(world.journal.map(({ type }) => type)).toContain('window.open')
  expect(world.journal.map(({ type }) => type)).not.toContain('window.waiting')
})

test('a window that closed again while it was waited for is waited for again', async () => {
  const openings: number[] = []
  world.opensAtMs = (atMs) => { const opens = openings.length < 2 ? atMs + HOUR : atMs; openings.push(opens); return opens }
  expect((await world.run(plan)).status).toBe('succeeded')
  expect(world.journal.filter(({ type }) => type === 'window.waiting')).toHaveLength(2)
  expect(startedAt()).toBeGreaterThanOrEqual(openings[1] ?? Infinity)
})

test('a window that never opens ends the release, and one that waits can be aborted', async () => {
  world.opensAtMs = () => null
  expect(await world.run(plan)).toMatchObject({ status: 'rolled_back', reason: 'the release window (Europe/Berlin) does not open within 400 days' })
  world.opensAtMs = (atMs) => atMs + DAY
  const handle = await world.start(plan)
  await world.until(({ status }) => status === 'waiting_window')
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  expect((await handle.result()).status).toBe('cancelled')
  expect(world.trace).toEqual([])
})
