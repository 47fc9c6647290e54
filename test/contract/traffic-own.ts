import { expect, test } from 'vitest'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import type { Contract, OwnConfiguration } from './traffic-world.js'

/** What a driver must do whose gateway has the routes in its own configuration. */
export function keepsItsOwnConfiguration({ world, untouched, split, can }: Contract): void {
  const own = (): OwnConfiguration => world().own ?? (() => { throw new Error('the world has no route of its own') })()

  test('a route that nobody has touched sends all to the version its operator has written', async () => {
    const { name } = await untouched()
    const read = await world().port.read(name)
    expect(read).toMatchObject({ candidate: null, percent: 0, stable: { url: world().stable.url } })
    expect(read?.stable?.id).not.toBe('')
  })

  test('restore puts the gateway\'s own configuration back to the byte, however often, and the read is as before', async () => {
    const { name } = await untouched()
    const [before, bytes] = [JSON.parse(JSON.stringify(await world().port.read(name))) as RouteSplit, await own().configuration()] // a snapshot has been JSON
    for (const between of [split(70), split(0, { stable: world().candidate, candidate: null })]) {
      expect(await world().port.setSplit(name, between)).toMatchObject({ refused: false })
      expect(await own().configuration()).not.toBe(bytes)
      for (let times = 0; times < 2; times++) {
        expect(await world().port.restore(name, before)).toEqual({ refused: false, split: before })
        expect(await own().configuration()).toBe(bytes)
        expect(await world().port.read(name)).toEqual(before)
      }
    }
  })

  test('restore puts back a split that was set, to the byte', async () => {
    const { name } = await untouched()
    await world().port.setSplit(name, split(0, { stable: world().candidate, candidate: null }))
    const [before, bytes] = [await world().port.read(name), await own().configuration()]
    await world().port.setSplit(name, split(40, { stable: world().candidate, candidate: world().stable }))
    expect(await world().port.restore(name, before)).toEqual({ refused: false, split: before })
    expect(await own().configuration()).toBe(bytes)
  })

  test('a change by another hand between two calls is seen', async () => {
    const { name } = await untouched()
    await world().port.setSplit(name, split(20))
    await own().meddle(60)
    const read = await world().port.read(name)
    expect(Math.abs((read?.percent ?? 0) - 60)).toBeLessThanOrEqual(can.percentStep / 2)
    expect(await world().port.setSplit(name, split(20))).toMatchObject({ refused: false })
    expect(Math.abs((await world().port.read(name))?.percent as number - 20)).toBeLessThanOrEqual(can.percentStep / 2)
  })

  test('a gateway that says yes and does nothing is a refusal that says what is in force', async () => {
    const { name } = await untouched()
    const answer = await own().liar.setSplit(name, split(20))
    expect(answer).toMatchObject({ refused: true, reason: expect.stringContaining('in force') as string })
    await own().liar.restore(name, null).catch(() => undefined)
  })

  test('a route that is not in the configuration is refused, and none is taken away', async () => {
    const { name } = await untouched()
    const bytes = await own().configuration()
    expect(await world().port.setSplit('nowhere', split(20))).toMatchObject({ refused: true, reason: expect.stringContaining('nowhere') as string })
    expect(await world().port.restore('nowhere', null)).toEqual({ refused: false, split: null })
    expect(await world().port.restore(name, null)).toMatchObject({ refused: true, reason: expect.stringContaining(name) as string })
    expect(await own().configuration()).toBe(bytes)
  })
}
