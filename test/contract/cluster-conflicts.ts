import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterTraffic } from '../../drivers/traffic/cluster/cluster-traffic.js'
import { RECORD } from '../../drivers/traffic/cluster/record.js'
import type { RouteKind } from '../../drivers/traffic/cluster/route-kind.js'
import type { ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import { testbedKubectl } from '../support/cluster.js'
import type { ClusterStand } from '../support/gateways/cluster.js'
import { ROUTE } from '../support/gateways/stand.js'
import { but, must } from './cluster-routes.js'

/** What others write of a route. `status`: a controller's word, the n-th, as a JSON patch (RFC 6902). `spec`: a change of what is wanted. */
export interface OthersWrite { status: (nth: number) => object[]; spec: Record<string, unknown> }

/** What a driver makes of a write between its read and its write, on the real API server. */
export function tellsWhoWroteBetween(kind: RouteKind, stand: () => Promise<ClusterStand>, { status, spec }: OthersWrite): void {
  describe(`a ${kind.type.kind} that is written between our read and our write`, () => {
    let at: ClusterStand
    let original: RouteSplit | null
    beforeAll(async () => {
      at = await stand()
      original = await open(at.cluster).read(ROUTE)
    })
    afterAll(() => at.stop())
    let words = 0
    const open = (cluster: ClusterPort): ClusterTraffic => new ClusterTraffic('between', kind, cluster, { takenWithinMs: 10_000, settleMs: 0 })
    const ref = () => ({ ...kind.type, namespace: at.namespace, name: ROUTE })
    const split = (percent: number): RouteSplit => ({ stable: { ...at.running.stable.side, url: at.urls.stable }, candidate: { ...at.running.candidate.side, url: at.urls.candidate }, percent, sticky: null })
    const controllerWrites = async (): Promise<void> => {
      execFileSync(testbedKubectl(), ['--kubeconfig', at.kubeconfigFile, '--namespace', at.namespace, 'patch', kind.type.kind, ROUTE, '--subresource=status', '--type=json', '--patch', JSON.stringify(status(++words))])
    }
    /** @returns what became of each of our writes */
    const between = (others: (nth: number) => Promise<unknown>): { traffic: ClusterTraffic; writes: string[] } => {
      const writes: string[] = []
      const replace = async (object: ClusterObject) => {
        await others(writes.length)
        const answer = await at.cluster.replace(object)
        writes.push(answer.refused ? answer.why : 'done')
        return answer
      }
      return { traffic: open(but(at.cluster, { replace })), writes }
    }

    test('by its controller, of how it stands, is written again: nobody has changed what we looked at', async () => {
      const { traffic, writes } = between(async (nth) => nth === 0 ? controllerWrites() : undefined)
      expect(await traffic.setSplit(ROUTE, split(20))).toMatchObject({ refused: false, split: { percent: 20 } })
      expect([writes[0], writes.at(-1)]).toEqual(['stale', 'done']) // the gateway's own controller may write between as well
      const back = between(async (nth) => nth === 0 ? controllerWrites() : undefined)
      expect(await back.traffic.restore(ROUTE, original)).toEqual({ refused: false, split: original })
      expect([back.writes[0], back.writes.at(-1)]).toEqual(['stale', 'done'])
    })

    test('by a controller that never stops is given up: the next try goes on', async () => {
      const { traffic, writes } = between(controllerWrites)
      await expect(traffic.setSplit(ROUTE, split(30))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringContaining(`${ROUTE} was changed meanwhile`) as string })
      expect(writes).toEqual(Array(5).fill('stale'))
      expect(await open(at.cluster).read(ROUTE)).toEqual(original)
      expect(await open(at.cluster).setSplit(ROUTE, split(30))).toMatchObject({ refused: false })
      expect(await open(at.cluster).restore(ROUTE, original)).toMatchObject({ refused: false })
    })

    test.each([
      ['of what is wanted', { spec }], ['of who is who', { metadata: { annotations: { [RECORD]: '{"stable":null,"candidate":null}' } } }],
    ])('by another hand, %s, is not written over: the next try looks again and keeps it', async (_what, patch) => {
      const { traffic, writes } = between(async () => must(at.cluster.patch(ref(), patch)))
      await expect(traffic.setSplit(ROUTE, split(40))).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringContaining(`${ROUTE} was changed meanwhile`) as string })
      expect(writes).toEqual(['stale'])
      expect(await at.cluster.get(ref())).toMatchObject(patch)
      expect(await open(at.cluster).setSplit(ROUTE, split(40))).toMatchObject({ refused: false, split: { percent: 40 } })
      if ('spec' in patch) expect(await at.cluster.get(ref())).toMatchObject(patch)
      expect(await open(at.cluster).restore(ROUTE, original)).toMatchObject({ refused: false })
    })
  })
}
