import http from 'node:http'
import { expect, test } from 'vitest'
import type { RouteMetrics, Sticky } from '../../drivers/traffic/port.js'
import { until } from '../edge/edge-process.js'
import type { Contract } from './traffic-world.js'
import { ask, many, versionAt } from './traffic-versions.js'

const HOW_OFTEN = 1000
const FIVE_DEVIATIONS = (count: number, percent: number): number => 5 * Math.sqrt(count * percent / 100 * (1 - percent / 100))

/** What only real requests can show. */
export function carriesRequests(contract: Contract): void {
  const { world, untouched, split, can, exactShare, hangsUp, sticky } = contract
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })

  test('the candidate gets its share of requests, and each side its count', async () => {
    for (const percent of [0, 1, 37, 100]) {
      const { name, listen } = await untouched()
      await world().port.setSplit(name, split(percent, { listen }))
      const before = await world().port.metrics?.(name) ?? null
      const answers = await many(HOW_OFTEN, () => versionAt(listen, { agent }))
      const got = answers.filter((answer) => answer === world().candidate.version).length
      expect(Math.abs(got - HOW_OFTEN * percent / 100)).toBeLessThanOrEqual(exactShare ? 0 : FIVE_DEVIATIONS(HOW_OFTEN, percent))
      if (before) await counted(name, before, { stable: HOW_OFTEN - got, candidate: got })
    }
  }, 60_000)

  test('no request is lost while the split changes and changes back, on kept and on new connections', async () => {
    const { name, listen } = await untouched()
    await world().port.setSplit(name, split(0, { listen }))
    const before = await world().port.read(name)
    const lost: string[] = []
    const answered = new Set<string>()
    let go = true
    const clients = Array.from({ length: 8 }, async (_, n) => {
      for (let asked = 0; go; asked++) {
        try { answered.add(await versionAt(listen, { ...n % 2 === 0 && { agent }, again: hangsUp ? 5 : 0 })) } catch (error) { lost.push(`${asked}: ${(error as Error).message}`) }
      }
      return 1
    })
    try {
      for (const percent of [1, 5, 25, 50, 75, 100]) expect(await world().port.setSplit(name, split(percent))).toMatchObject({ refused: false })
      await world().port.setSplit(name, split(0, { stable: world().candidate, candidate: null }))
      await world().port.setSplit(name, split(50, { stable: world().candidate, candidate: world().stable }))
      expect(await world().port.restore(name, before)).toMatchObject({ refused: false })
    } finally { go = false; await Promise.all(clients) }
    expect(lost).toEqual([])
    expect([...answered].sort()).toEqual([world().stable.version, world().candidate.version].sort())
  }, 60_000)

  test('a request under way on a side without new ones is waited for', async () => {
    const { port, running } = world()
    if (!port.drain || !running) { expect(port.drain?.bind(port)).toBeUndefined(); return }
    const { name, listen } = await untouched()
    await port.setSplit(name, split(0, { listen }))
    const slow = ask(listen, { path: '/hold' })
    await until(async () => (await port.drain?.(name, world().stable.id))?.open === 1)
    expect(await port.setSplit(name, split(100))).toMatchObject({ refused: false })
    expect(await port.drain(name, world().stable.id)).toEqual({ open: 1 })
    expect(await port.setSplit(name, split(0, { stable: world().candidate, candidate: null }))).toMatchObject({ refused: false })
    expect(await port.drain(name, world().stable.id)).toEqual({ open: 1 })
    running.stable.release()
    expect((await slow).body).toBe(world().stable.version)
    await until(async () => (await port.drain?.(name, world().stable.id))?.open === 0)
  })

  for (const kept of sticky.filter(({ by }) => by !== 'address')) keepsSessions(contract, kept)

  for (const by of can.match) {
    test(`requests with the ${by} that is named go to the candidate whatever the percent, others by the percent`, async () => {
      const { name, listen } = await untouched()
      const match = [{ by, name: 'x-tester', value: 'a.b+c' }]
      const carrying = (value: string): Record<string, string> => by === 'header' ? { 'x-tester': value } : { cookie: `first=1; x-tester=${value}; last=2` }
      for (const [percent, others] of [[0, world().stable.version], [100, world().candidate.version]] as const) {
        const wanted = split(percent, { match, listen })
        expect(await world().port.setSplit(name, wanted)).toMatchObject({ refused: false, split: { match } })
        expect(new Set(await many(40, () => versionAt(listen, { headers: carrying('a.b+c') })))).toEqual(new Set([world().candidate.version]))
        for (const near of ['a.b+cd', 'aXb+c', 'za.b+c']) expect(new Set(await many(20, () => versionAt(listen, { headers: carrying(near) })))).toEqual(new Set([others]))
        expect(new Set(await many(20, () => versionAt(listen)))).toEqual(new Set([others]))
      }
      expect(await world().port.setSplit(name, split(0))).toMatchObject({ refused: false })
      expect(await versionAt(listen, { headers: carrying('a.b+c') })).toBe(world().stable.version)
    })
  }

  if (can.mirror) {
    test('a mirrored share of requests reaches the candidate too, and only the stable side answers', async () => {
      const { name, listen } = await untouched()
      const arrived = (): number => world().running?.candidate.arrived ?? 0
      for (const mirrorPercent of [100, 30]) {
        expect(await world().port.setSplit(name, split(0, { mirrorPercent, listen }))).toMatchObject({ refused: false, split: { mirrorPercent } })
        const before = arrived()
        expect(new Set(await many(400, () => versionAt(listen, { agent })))).toEqual(new Set([world().stable.version]))
        await until(() => Math.abs(arrived() - before - 4 * mirrorPercent) <= FIVE_DEVIATIONS(400, mirrorPercent))
      }
      await world().port.setSplit(name, split(0))
      const before = arrived()
      await many(50, () => versionAt(listen, { agent }))
      expect(arrived()).toBe(before)
    })
  }

  async function counted(name: string, before: RouteMetrics, expected: { stable: number; candidate: number }): Promise<void> {
    let seen = {}
    await until(async () => {
      const now = await world().port.metrics?.(name)
      seen = { stable: (now?.stable.requests ?? 0) - before.stable.requests, candidate: (now?.candidate.requests ?? 0) - before.candidate.requests, errors: (now?.candidate.errors ?? 0) + (now?.stable.errors ?? 0) - before.candidate.errors - before.stable.errors }
      return JSON.stringify(seen) === JSON.stringify({ ...expected, errors: 0 })
    }).catch(() => { expect(seen).toEqual({ ...expected, errors: 0 }) })
  }
}

/** A client that keeps its cookies. */
class Session {
  readonly #headers: Record<string, string>
  constructor(kept: Sticky, n: number) { this.#headers = kept.by === 'header' ? { [kept.name ?? '']: `session-${n}` } : {} }
  async version(listen: { port: number }, agent: http.Agent): Promise<string> {
    const { status, body, headers } = await ask(listen, { headers: this.#headers, agent })
    if (status !== 200) throw new Error(`status ${status}`)
    for (const cookie of headers['set-cookie'] ?? []) this.#headers['cookie'] = cookie.split(';')[0] ?? ''
    return body
  }
}

function keepsSessions({ world, untouched, split, handsOutCookies }: Contract, kept: Sticky): void {
  test(`sessions by ${kept.by} keep their side and only ever move towards the candidate as the percent grows`, async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
    const { name, listen } = await untouched()
    const sessions: Session[] = []
    let before = new Set<Session>()
    for (const percent of [0, 5, 30, 60, 100]) {
      await world().port.setSplit(name, split(percent, { sticky: kept, listen }))
      const fresh = Array.from({ length: handsOutCookies ? 200 : sessions.length === 0 ? 400 : 0 }, (_, n) => new Session(kept, sessions.length + n))
      sessions.push(...fresh)
      const first = new Map(await many(sessions.length, async (n) => [sessions[n] as Session, await (sessions[n] as Session).version(listen, agent)] as const))
      const second = new Map(await many(sessions.length, async (n) => [sessions[n] as Session, await (sessions[n] as Session).version(listen, agent)] as const))
      expect(second).toEqual(first)
      const candidates = new Set(sessions.filter((session) => first.get(session) === world().candidate.version))
      expect([...before].filter((session) => !candidates.has(session))).toEqual([])
      const measured = handsOutCookies ? fresh : sessions
      const share = measured.filter((session) => candidates.has(session)).length
      expect(Math.abs(share - measured.length * percent / 100)).toBeLessThanOrEqual(FIVE_DEVIATIONS(measured.length, percent))
      before = candidates
    }
    expect(before.size).toBe(sessions.length)
  }, 60_000)
}
