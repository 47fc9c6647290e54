import { setTimeout as delay } from 'node:timers/promises'
import type { ReleaseView } from '../domain/release.js'
import { PARTS } from '../embedded/parts.js'
import { compared, everyOne, measured, type Row } from './row.js'
import { Shop } from './shop.js'
import { median, nowMs, setting } from './statistics.js'
import { withSystem, type System } from './system.js'

const BEFORE_ITS_END_MS = 1000
const PHASES = [{ percentage: 30, duration: '6s', interval: '500ms' }, { percentage: 100, duration: '1s', interval: '500ms' }]

interface Round { lateMs: number; good: boolean; edgeMs: number; apiMs: number }

/**
 * kill -9 of worker, API, edge, Temporal and PostgreSQL at once, a second before a canary's hold ends: how long until visitors
 * and the API are answered again, and how much later than its hold's end the release goes on, beside releases left in peace.
 */
export function recovery(): Promise<Row[]> {
  const rounds = setting('BENCH_KILLS', 3)
  return withSystem({}, async (system) => {
    const shop = await Shop.open(system)
    try {
      const [peace, killed]: [Round[], Round[]] = [[], []]
      for (let round = 0; round < rounds; round += 1) {
        peace.push(await oneRelease(system, shop, false))
        killed.push(await oneRelease(system, shop, true))
      }
      const of = (key: 'lateMs' | 'edgeMs' | 'apiMs', all: Round[]): number => median(all.map((round) => round[key])) / 1000
      return [
        everyOne('releases that ended as if nothing had happened, no event lost', killed.filter(({ good }) => good).length, rounds),
        measured(`kill -9 of all parts → visitors are answered, median of ${rounds}`, of('edgeMs', killed), 's'),
        measured('kill -9 of all parts → the API tells of the release', of('apiMs', killed), 's'),
        compared(`the hold's end → the release goes on (killed ${BEFORE_ITS_END_MS / 1000} s before it)`, of('lateMs', killed), of('lateMs', peace), 's'),
        measured('later than it would have gone on', of('lateMs', killed) - of('lateMs', peace), 's'),
      ]
    } finally { await shop.close() }
  })
}

async function oneRelease(system: System, shop: Shop, kill: boolean): Promise<Round> {
  const id = await shop.release(PHASES)
  const holding = await system.until(id, (view) => firstPhase(view)?.status === 'holding')
  const endsAtMs = Date.parse(firstPhase(holding)?.endsAt ?? '')
  await delay(endsAtMs - BEFORE_ITS_END_MS - Date.now())
  const killedAtMs = nowMs()
  if (kill) for (const part of PARTS) system.embedded.kill(part, 'SIGKILL')
  const [edgeMs, apiMs] = await Promise.all([
    since(killedAtMs, () => shop.answers()),
    since(killedAtMs, () => system.call('GET', `/releases/${id}`).then(() => true, () => false)),
  ])
  const { status, undo } = await system.ended(id)
  const { items } = await system.call<{ items: { sequence: number; type: string; at: string }[] }>('GET', `/releases/${id}/events?limit=200`)
  const wentOnAtMs = Date.parse(items.find(({ type }) => type === 'phase.ended')?.at ?? '')
  const whole = items.every(({ sequence }, n) => sequence === n + 1) && items.at(-1)?.type === 'release.ended'
  return { lateMs: wentOnAtMs - endsAtMs, edgeMs, apiMs, good: status === 'succeeded' && whole && undo.every(({ state }) => state !== 'failed') }
}

const firstPhase = (view: ReleaseView) => view.stages[0]?.jobs[0]?.phases[0]

async function since(atMs: number, answers: () => Promise<boolean>): Promise<number> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await delay(20)) if (await answers()) return nowMs() - atMs
  throw new Error('no answer within two minutes after the kill')
}
