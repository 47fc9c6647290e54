import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import { sameWithinStep } from '../../drivers/traffic/same-split.js'
import { keepsItsOwnConfiguration } from './traffic-own.js'
import { carriesRequests } from './traffic-requests.js'
import type { Contract, Promised, TrafficWorld } from './traffic-world.js'

/** What every gateway driver must do. Each driver's test hands its own maker in. */
export function trafficContract(name: string, promised: Promised, make: () => Promise<TrafficWorld>): void {
  describe(`${name} keeps the traffic contract`, () => {
    const { can } = promised
    let world: TrafficWorld
    let original: RouteSplit | null = null
    let routes = 0
    beforeAll(async () => {
      world = await make()
      if (world.own) original = await world.port.read(world.own.route.name)
    })
    afterAll(() => world.stop())
    const contract: Contract = {
      can, carriesTraffic: promised.carriesTraffic ?? true, exactShare: promised.exactShare ?? false, handsOutCookies: promised.handsOutCookies ?? false, hangsUp: promised.hangsUp ?? false,
      sticky: promised.sticky ?? can.sticky.map((by) => by === 'address' ? { by } : { by, name: by === 'cookie' ? 'sid' : 'x-session' }),
      world: () => world,
      async untouched() {
        if (!world.own) return { name: `shop ${++routes}`, listen: { port: await world.freePort?.() ?? 0 } }
        expect(await world.port.restore(world.own.route.name, original)).toMatchObject({ refused: false })
        return world.own.route
      },
      split: (percent, more = {}) => ({ stable: world.stable, candidate: world.candidate, percent, sticky: null, ...more }),
    }
    states(contract)
    if (can.makesRoutes) makesRoutes(contract)
    else keepsItsOwnConfiguration(contract)
    if (contract.carriesTraffic) carriesRequests(contract)
  })
}

/** What is in force, without requests. */
function states({ world, untouched, split, can, sticky }: Contract): void {
  const inForce = (asked: RouteSplit) => expect.toSatisfy((split: RouteSplit | null) => split !== null && sameWithinStep(asked, split, can.percentStep), JSON.stringify(asked)) as unknown

  test('it can what its driver says', () => { expect(world().port.can).toEqual(can) })

  test('a route that is not there reads as null', async () => {
    expect(await world().port.read('nowhere')).toBeNull()
  })

  test('what was set is what is read', async () => {
    const { name, listen } = await untouched()
    for (const kept of [null, ...sticky]) {
      const wanted = split(12.34, { sticky: kept, listen })
      expect(await world().port.setSplit(name, wanted)).toEqual({ refused: false, split: inForce(wanted) })
      expect(await world().port.read(name)).toEqual(inForce(wanted))
      if (can.makesRoutes) expect(await world().port.read(name)).toEqual(wanted)
    }
  })

  test('every whole percent can be had to half a step', async () => {
    const { name, listen } = await untouched()
    for (const percent of [0, 1, 3, 33, 50, 99, 100]) expect(await world().port.setSplit(name, split(percent, { listen }))).toEqual({ refused: false, split: inForce(split(percent)) })
  })

  test('setting the same split twice is one split', async () => {
    const { name, listen } = await untouched()
    const wanted = split(50, { listen })
    const first = await world().port.setSplit(name, wanted)
    expect(await world().port.setSplit(name, wanted)).toEqual(first)
    expect(await world().port.read(name)).toEqual(inForce(wanted))
  })

  test('a version that is let in becomes the stable one, and the next one the candidate', async () => {
    const { name, listen } = await untouched()
    const [second, third] = [world().candidate, { ...world().stable, id: 'three', version: '3.0' }]
    await world().port.setSplit(name, split(100, { listen }))
    for (const wanted of [split(0, { stable: second, candidate: null }), split(30, { stable: second, candidate: third }), split(0, { stable: third, candidate: null })]) {
      expect(await world().port.setSplit(name, wanted)).toEqual({ refused: false, split: inForce(wanted) })
    }
  })

  test('a split the gateway does not take is refused with its reason, and the old one stays', async () => {
    const { name, listen } = await untouched()
    const good = split(20, { listen })
    await world().port.setSplit(name, good)
    const answer = await world().port.setSplit(name, { ...good, percent: 101 })
    expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/percent.*0 to 100/) as string })
    expect(await world().port.read(name)).toEqual(inForce(good))
  })

  test('what the gateway cannot do is refused with its reason', async () => {
    const { name, listen } = await untouched()
    const cannot: Partial<RouteSplit>[] = [
      ...(['cookie', 'header', 'address'] as const).filter((by) => !can.sticky.includes(by)).map((by) => ({ sticky: { by, name: 'x' } })),
      ...can.mirror ? [] : [{ mirrorPercent: 10 }],
      ...(['header', 'cookie'] as const).filter((by) => !can.match.includes(by)).map((by) => ({ match: [{ by, name: 'x', value: 'y' }] })),
    ]
    for (const more of cannot) expect(await world().port.setSplit(name, split(10, { listen, ...more }))).toMatchObject({ refused: true, reason: expect.any(String) as string })
    expect(await world().port.setSplit(name, split(10, { listen }))).toMatchObject({ refused: false })
  })

  test('a gateway that does not answer is TARGET_UNREACHABLE', async () => {
    expect(world().unreachable.length).toBeGreaterThan(0)
    for (const port of world().unreachable) {
      const name = world().own?.route.name ?? 'web'
      await expect(port.read(name)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
      await expect(port.setSplit(name, split(1))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
      await expect(port.restore(name, null)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
    }
  })

  test('a route that is not there has no counters', async () => {
    expect(await world().port.metrics?.('nowhere') ?? null).toBeNull()
  })

  test('a side without requests is drained', async () => {
    const { name, listen } = await untouched()
    await world().port.setSplit(name, split(10, { listen }))
    expect(await world().port.drain?.(name, world().stable.id) ?? { open: 0 }).toEqual({ open: 0 })
  })
}

/** For gateways that make and remove routes by themselves. */
function makesRoutes({ world, untouched, split }: Contract): void {
  test('a split without listen leaves the route where it listens', async () => {
    const { name, listen } = await untouched()
    await world().port.setSplit(name, split(5, { listen }))
    expect(await world().port.setSplit(name, split(6))).toEqual({ refused: false, split: split(6, { listen }) })
  })

  test('restore puts back exactly what was read, and null takes the route away', async () => {
    const { name, listen } = await untouched()
    await world().port.setSplit(name, split(0, { candidate: null, listen }))
    const before = await world().port.read(name)
    await world().port.setSplit(name, split(70, { sticky: { by: 'header', name: 'x-user' }, listen: { port: await world().freePort?.() ?? 0 } }))
    expect(await world().port.restore(name, before)).toEqual({ refused: false, split: before })
    expect(await world().port.read(name)).toEqual(before)
    expect(await world().port.restore(name, null)).toEqual({ refused: false, split: null })
    expect(await world().port.restore(name, null)).toEqual({ refused: false, split: null })
    expect(await world().port.read(name)).toBeNull()
  })

  test('a new route has counters at zero', async () => {
    const { name, listen } = await untouched()
    await world().port.setSplit(name, split(10, { listen }))
    expect(await world().port.metrics?.(name)).toMatchObject({ stable: { requests: 0, errors: 0 }, candidate: { requests: 0, errors: 0 } })
  })
}
