import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { releaseWorkflowId } from '../domain/release.js'
import { durationMs } from '../domain/duration.js'
import { EdgeTraffic } from '../drivers/traffic/edge.js'
import { openHome } from '../embedded/home.js'
import { compared, measured, type Row } from './row.js'
import { Shop } from './shop.js'
import { median, nowMs, setting } from './statistics.js'
import { withSystem, type System } from './system.js'
import { lengthOf } from './throughput.js'

const INTERVALS = ['500ms', '2s'] as const
const LOOK_EVERY_MS = 10

/**
 * How long visitors suffer: from the first failed request that a bad candidate served at 50 % to the moment when edge's own
 * read-back says that all traffic is on the old version again. And what a canary's phase adds to a history.
 */
export function decision(): Promise<Row[]> {
  const runs = setting('BENCH_DECISIONS', 5)
  return withSystem({}, async (system) => {
    const shop = await Shop.open(system)
    try {
      const rows: Row[] = []
      for (const interval of INTERVALS) {
        const tookMs: number[] = []
        for (let run = 0; run < runs; run += 1) tookMs.push(await takenBackAfterMs(system, shop, interval))
        rows.push(compared(`first bad request → old weight in force, judged every ${interval}; median of ${runs}, beside the interval`, median(tookMs), durationMs(interval), 'ms'))
      }
      return [...rows, ...await phaseRows(system, shop)]
    } finally { await shop.close() }
  })
}

async function takenBackAfterMs(system: System, shop: Shop, interval: string): Promise<number> {
  const edge = new EdgeTraffic({ url: system.embedded.urls.edgeControl, token: readFileSync(openHome(system.embedded.home).edgeTokenFile, 'utf8').trim() })
  shop.forgetErrors()
  const id = await shop.release([{ percentage: 50, duration: '60s', interval }], 1)
  const deadline = Date.now() + 60_000
  const inTime = (): void => { if (Date.now() > deadline) throw new Error(`release ${id} was not taken back in a minute`) }
  for (; shop.firstErrorAtMs === null; await delay(LOOK_EVERY_MS)) inTime()
  for (;; await delay(LOOK_EVERY_MS)) {
    inTime()
    const split = await edge.read('shop')
    if (split !== null && (split.candidate === null || split.percent === 0)) break
  }
  const backAtMs = nowMs()
  const { status, reason } = await system.ended(id)
  if (status !== 'rolled_back') throw new Error(`release ${id} ended ${status}: ${reason ?? ''}`)
  return backAtMs - shop.firstErrorAtMs
}

/** Two phases more, with many measurements each. */
async function phaseRows(system: System, shop: Shop): Promise<Row[]> {
  const phases = [25, 50, 100].map((percentage) => ({ percentage, duration: '3s', interval: '100ms' }))
  const lengths: number[] = []
  for (const some of [phases.slice(2), phases]) {
    const id = await shop.release(some)
    const { status, reason } = await system.ended(id)
    if (status !== 'succeeded') throw new Error(`release ${id} ended ${status}: ${reason ?? ''}`)
    lengths.push(await lengthOf(system, releaseWorkflowId('default', id)))
  }
  const [one = NaN, three = NaN] = lengths
  return [measured('history of one more canary phase of 30 measurements, journal included', (three - one) / 2, 'events', { atMost: 20 })]
}
