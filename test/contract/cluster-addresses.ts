import { expect, test } from 'vitest'
import type { TrafficPort } from '../../drivers/traffic/port.js'
import type { ClusterStand } from '../support/gateways/cluster.js'
import { ROUTE } from '../support/gateways/stand.js'
import { until } from '../edge/edge-process.js'
import { versionAt } from './traffic-versions.js'

/** A route of a cluster in front of what runs outside of it, as a container of an engine does. */
export function leadsOutside(stand: () => Promise<ClusterStand>, open: (stand: ClusterStand) => TrafficPort): void {
  test('a version outside the cluster is called by its address, and what leads there goes with the route\'s next change', async () => {
    const at = await stand()
    const { cluster, namespace, listen, running: { candidate, stable }, configuration, stop } = at
    const traffic = open(at)
    const services = async (): Promise<string[]> => (await cluster.list({ apiVersion: 'v1', kind: 'Service' }, { namespace })).map(({ metadata: { name } }) => name).filter((name) => name.startsWith('releasectl-')).sort()
    const [before, bytes] = [await traffic.read(ROUTE), await configuration()]
    const outside = candidate.side
    expect(await traffic.setSplit(ROUTE, { stable: before?.stable ?? null, candidate: outside, percent: 50, sticky: null })).toMatchObject({ refused: false, split: { candidate: outside, percent: 50 } })
    expect(await traffic.setSplit(ROUTE, { stable: outside, candidate: null, percent: 0, sticky: null })).toMatchObject({ refused: false, split: { stable: outside } })
    expect(await versionAt(listen)).toBe(candidate.side.version)
    expect(await services()).toHaveLength(1)
    expect(await traffic.answers?.(outside)).toBeUndefined() // asked over HTTP
    expect(await traffic.restore(ROUTE, before)).toMatchObject({ refused: false })
    expect(await configuration()).toBe(bytes)
    expect(await versionAt(listen)).toBe(stable.side.version)
    expect(await services()).toHaveLength(1) // requests may be under way
    expect(await traffic.restore(ROUTE, before)).toMatchObject({ refused: false })
    await until(async () => (await services()).length === 0) // the API server answers before it is gone
    await stop()
  }, 60_000)

  test('an address that leads to the gateway\'s own machine is refused in the API server\'s words', async () => {
    const at = await stand()
    const before = await at.configuration()
    const answer = await open(at).setSplit(ROUTE, { stable: { id: 'r-1', version: '1', url: 'http://127.0.0.1:8080' }, candidate: null, percent: 0, sticky: null })
    expect(answer).toMatchObject({ refused: true, reason: expect.stringMatching(/EndpointSlice .* for http:\/\/127\.0\.0\.1:8080: .*loopback/) as string })
    expect(await at.configuration()).toBe(before)
    await at.stop()
  })
}
