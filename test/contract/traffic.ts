import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RouteListen, RouteSplit, Side, TrafficPort } from '../../drivers/traffic/port.js'

/** What a driver's test hands in. */
export interface TrafficWorld {
  port: TrafficPort
  /** The same kind of driver, in front of a gateway that does not answer. */
  unreachable: TrafficPort
  /** Two versions; behind a real gateway they answer their `version`. */
  stable: Side
  candidate: Side
  /** Where a route can be made to listen, another port at every call. */
  freePort(): Promise<number>
  /** One request through the gateway to a port: the body of the answer. */
  request?(port: number, session?: string): Promise<string>
  stop(): Promise<void>
}

/**
 * What every gateway driver must do. Each driver's test hands its own maker in.
 * @param carriesTraffic false for the double: what only real requests can show is left out
 */
export function trafficContract(name: string, carriesTraffic: boolean, make: () => Promise<TrafficWorld>): void {
  describe(`${name} keeps the traffic contract`, () => {
    let world: TrafficWorld
    let route = ''
    let routes = 0
    beforeAll(async () => { world = await make() }, 30_000)
    afterAll(() => world.stop())
    const next = (): string => route = `shop ${++routes}`
    const split = async (percent: number, more: Partial<RouteSplit> = {}): Promise<RouteSplit & { listen: RouteListen }> =>
      ({ stable: world.stable, candidate: world.candidate, percent, sticky: null, listen: { port: await world.freePort() }, ...more })

    test('a route that was never set reads as null', async () => {
      expect(await world.port.read(next())).toBeNull()
    })

    test('what was set is what is read', async () => {
      const wanted = await split(12.34, { sticky: { by: 'cookie', name: 'sid' } })
      expect(await world.port.setSplit(next(), wanted)).toEqual({ refused: false, split: wanted })
      expect(await world.port.read(route)).toEqual(wanted)
    })

    test('a split without listen leaves the route where it listens', async () => {
      const { listen, ...rest } = await split(5)
      await world.port.setSplit(next(), { ...rest, listen })
      expect(await world.port.setSplit(route, { ...rest, percent: 6 })).toEqual({ refused: false, split: { ...rest, percent: 6, listen } })
    })

    test('setting the same split twice is one split', async () => {
      const wanted = await split(50)
      const first = await world.port.setSplit(next(), wanted)
      expect(await world.port.setSplit(route, wanted)).toEqual(first)
      expect(await world.port.read(route)).toEqual(wanted)
    })

    test('restore puts back exactly what was read, and null takes the route away', async () => {
      await world.port.setSplit(next(), await split(0, { candidate: null }))
      const before = await world.port.read(route)
      await world.port.setSplit(route, await split(70, { sticky: { by: 'header', name: 'x-user' } }))
      expect(await world.port.restore(route, before)).toEqual({ refused: false, split: before })
      expect(await world.port.read(route)).toEqual(before)
      expect(await world.port.restore(route, null)).toEqual({ refused: false, split: null })
      expect(await world.port.restore(route, null)).toEqual({ refused: false, split: null })
      expect(await world.port.read(route)).toBeNull()
    })

    test('a split the gateway does not take is refused with its reason, and the old one stays', async () => {
      const good = await split(20)
      await world.port.setSplit(next(), good)
      const answer = await world.port.setSplit(route, { ...good, percent: 101 })
      expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/percent.*0 to 100/) as string })
      expect(await world.port.read(route)).toEqual(good)
    })

    test('a gateway that does not answer is TARGET_UNREACHABLE', async () => {
      await expect(world.unreachable.read('web')).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
      await expect(world.unreachable.setSplit('web', await split(1))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
      await expect(world.unreachable.restore('web', null)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
    })

    test('a route without requests has counters at zero, and one that is not there has none', async () => {
      await world.port.setSplit(next(), await split(10))
      const metrics = await world.port.metrics?.(route)
      expect(metrics).toMatchObject({ stable: { requests: 0, errors: 0 }, candidate: { requests: 0, errors: 0 } })
      expect(await world.port.metrics?.('nowhere')).toBeNull()
    })

    test('a side without requests is drained', async () => {
      await world.port.setSplit(next(), await split(10))
      expect(await world.port.drain?.(route, world.stable.id)).toEqual({ open: 0 })
    })

    if (!carriesTraffic) return
    const request = (port: number, session?: string): Promise<string> => world.request?.(port, session) ?? Promise.reject(new Error('the world has no request'))

    test('the candidate gets its exact share of requests, and each side its count', async () => {
      for (const [percent, expected] of [[0, 0], [1, 10], [37, 370], [100, 1000]] as const) {
        const { listen, ...wanted } = await split(percent)
        await world.port.setSplit(next(), { ...wanted, listen })
        const answers = await many(1000, () => request(listen.port))
        expect(answers.filter((answer) => answer === world.candidate.version)).toHaveLength(expected)
        const metrics = await world.port.metrics?.(route)
        expect(metrics).toMatchObject({ stable: { requests: 1000 - expected, errors: 0 }, candidate: { requests: expected, errors: 0 } })
      }
    }, 60_000)

    test('sessions keep their side and only ever move towards the candidate as the percent grows', async () => {
      const { listen, ...wanted } = await split(0, { sticky: { by: 'header', name: 'x-session' } })
      next()
      const sessions = Array.from({ length: 400 }, (_, n) => `session-${n}`)
      let before = new Set<string>()
      for (const percent of [0, 5, 30, 60, 100]) {
        await world.port.setSplit(route, { ...wanted, percent, listen })
        const sides = await many(sessions.length * 2, async (n) => [sessions[n % sessions.length] ?? '', await request(listen.port, sessions[n % sessions.length])] as const)
        const candidates = new Set(sides.filter(([, answer]) => answer === world.candidate.version).map(([session]) => session))
        const stables = new Set(sides.filter(([, answer]) => answer === world.stable.version).map(([session]) => session))
        expect([...candidates].filter((session) => stables.has(session))).toEqual([])
        expect([...before].filter((session) => !candidates.has(session))).toEqual([])
        expect(Math.abs(candidates.size - sessions.length * percent / 100)).toBeLessThan(50) // five standard deviations
        before = candidates
      }
      expect(before.size).toBe(sessions.length)
    }, 60_000)
  })
}

/** `count` calls, sixteen at a time. */
async function many<Result>(count: number, call: (n: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let started = 0
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (started < count) results.push(await call(started++))
  }))
  return results
}
