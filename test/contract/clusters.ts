import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ClusterObject, ClusterPort, WorkloadState } from '../../drivers/clusters/port.js'
import { configMap, workloadObject } from '../support/cluster.js'

/** `other`: the same cluster as another manager of fields. `namespace`: a new one. */
export interface ClusterWorld { cluster: ClusterPort; other: ClusterPort; unreachable: ClusterPort; namespace: string }

export const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: ClusterObject): { apiVersion: string; kind: string; name: string; namespace: string } => ({ apiVersion, kind, name, namespace: namespace ?? '' })

/** Look again until it is so; the test's own timeout ends it otherwise. */
export async function workloadUntil(cluster: ClusterPort, object: ClusterObject, isSo: (state: WorkloadState) => boolean): Promise<WorkloadState> {
  for (;;) {
    const state = await cluster.workload(refOf(object))
    if (state && isSo(state)) return state
    await cluster.changed(refOf(object), state?.version ?? null, { forMs: 500 })
    await delay(20)
  }
}

/** What every cluster must do. Each driver's test hands its own maker in. */
export function clusterContract(name: string, make: () => Promise<ClusterWorld>): void {
  const applied = async (cluster: ClusterPort, object: ClusterObject): Promise<ClusterObject> => {
    const answer = await cluster.apply(object)
    if (answer.refused || !answer.object) throw new Error(answer.refused ? answer.reason : 'nothing came of it')
    return answer.object
  }

  describe(`${name} keeps the contract of clusters`, () => {
    test('it tells how a kind is served, and that it knows none of that name', async () => {
      const { cluster } = await make()
      expect(await cluster.resource({ apiVersion: 'apps/v1', kind: 'Deployment' })).toEqual({ plural: 'deployments', namespaced: true })
      expect(await cluster.resource({ apiVersion: 'v1', kind: 'Namespace' })).toEqual({ plural: 'namespaces', namespaced: false })
      expect(await cluster.resource({ apiVersion: 'apps/v1', kind: 'Deploymint' })).toBeNull()
      expect(await cluster.resource({ apiVersion: 'no.such/v1', kind: 'Thing' })).toBeNull()
    })

    test('an object that is applied is there, and applied again it is no other', async () => {
      const { cluster, namespace } = await make()
      const object = configMap('settings', namespace, { colour: 'red' })
      const first = await applied(cluster, object)
      expect(await cluster.get(refOf(object))).toMatchObject({ data: { colour: 'red' }, metadata: { uid: first.metadata.uid } })
      expect((await applied(cluster, object)).metadata.resourceVersion).toBe(first.metadata.resourceVersion)
      expect(await cluster.get({ ...refOf(object), name: 'none' })).toBeNull()
      expect(await cluster.get({ ...refOf(object), namespace: 'no-such-namespace' })).toBeNull()
      expect(await cluster.get({ ...refOf(object), kind: 'Nothing' })).toBeNull()
    })

    test('a dry run tells what it would be and touches nothing', async () => {
      const { cluster, namespace } = await make()
      const object = configMap('settings', namespace, { colour: 'red' })
      expect(await cluster.apply(object, { dryRun: true })).toMatchObject({ refused: false, object: { data: { colour: 'red' } } })
      expect(await cluster.get(refOf(object))).toBeNull()
    })

    test('a field that is no longer named goes; those of others stay', async () => {
      const { cluster, other, namespace } = await make()
      await applied(cluster, configMap('settings', namespace, { colour: 'red', size: 'big' }))
      await applied(other, configMap('settings', namespace, { shape: 'round' }))
      expect((await applied(cluster, configMap('settings', namespace, { size: 'small' })))['data']).toEqual({ size: 'small', shape: 'round' })
    })

    test('a field that another manager has is a conflict that names both, until it is taken by force', async () => {
      const { cluster, other, namespace } = await make()
      await applied(other, configMap('settings', namespace, { colour: 'blue' }))
      const object = configMap('settings', namespace, { colour: 'red' })
      expect(await cluster.apply(object)).toMatchObject({ refused: true, why: 'conflict', conflicts: [{ manager: 'other', field: '.data.colour' }] })
      expect(await cluster.get(refOf(object))).toMatchObject({ data: { colour: 'blue' } })
      expect(await cluster.apply(object, { force: true })).toMatchObject({ refused: false, object: { data: { colour: 'red' } } })
      expect(await other.apply(configMap('settings', namespace, { colour: 'blue' }))).toMatchObject({ refused: true, conflicts: [{ manager: 'releasectl' }] })
    })

    test('what cannot be is refused by its reason', async () => {
      const { cluster, namespace } = await make()
      expect(await cluster.apply(configMap('settings', 'no-such-namespace', {}))).toMatchObject({ refused: true, why: 'noNamespace', reason: expect.stringContaining('no-such-namespace') as string })
      expect(await cluster.apply({ ...configMap('settings', namespace, {}), kind: 'ConfigMop' })).toMatchObject({ refused: true, why: 'noKind', reason: expect.stringContaining('ConfigMop') as string })
      expect(await cluster.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec: { selector: { matchLabels: { app: 'web' } } } })).toMatchObject({ refused: true, why: 'invalid' })
      await applied(cluster, workloadObject('Deployment', 'web', namespace, 'shop:1'))
      expect(await cluster.apply(workloadObject('Deployment', 'web', namespace, 'shop:1', { spec: { selector: { matchLabels: { app: 'web', tier: 'front' } }, template: { metadata: { labels: { app: 'web', tier: 'front' } }, spec: { containers: [{ name: 'main', image: 'shop:1' }] } } } }))).toMatchObject({ refused: true, why: 'immutable' })
    })

    test('objects are listed by namespace and by labels', async () => {
      const { cluster, namespace } = await make()
      for (const [name, tier] of [['a', 'front'], ['b', 'back'], ['c', 'front']] as const) await applied(cluster, { ...configMap(name, namespace, {}), metadata: { name, namespace, labels: { tier } } })
      const names = async (labels: string): Promise<string[]> => (await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace, labels })).map(({ metadata }) => metadata.name).sort()
      expect(await names('tier=front')).toEqual(['a', 'c'])
      expect(await names('tier,tier!=front')).toEqual(['b'])
      expect((await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace, fields: 'metadata.name=c' })).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['ConfigMap c'])
      expect(await cluster.list({ apiVersion: 'no.such/v1', kind: 'Thing' })).toEqual([])
    })

    test('a replacement leaves nothing of what was there, and is refused when somebody was faster', async () => {
      const { cluster, other, namespace } = await make()
      const before = await applied(cluster, { ...configMap('settings', namespace, { colour: 'red' }), metadata: { name: 'settings', namespace, labels: { tier: 'front' } } })
      await applied(other, configMap('settings', namespace, { shape: 'round' }))
      const wanted = configMap('settings', namespace, { size: 'small' })
      expect(await cluster.replace({ ...wanted, metadata: { ...wanted.metadata, resourceVersion: before.metadata.resourceVersion ?? '' } })).toMatchObject({ refused: true, why: 'stale' })
      await cluster.replace(wanted)
      const now = await cluster.get(refOf(wanted))
      expect(now?.['data']).toEqual({ size: 'small' })
      expect(now?.metadata).toMatchObject({ uid: before.metadata.uid })
      expect(now?.metadata.labels).toBeUndefined()
      expect(await cluster.replace(configMap('none', namespace, {}))).toMatchObject({ refused: true, why: 'missing' })
    })

    test('what is there cannot be created', async () => {
      const { cluster, namespace } = await make()
      expect(await cluster.create(configMap('settings', namespace, { colour: 'red' }))).toMatchObject({ refused: false })
      expect(await cluster.create(configMap('settings', namespace, { colour: 'blue' }))).toMatchObject({ refused: true, why: 'exists' })
    })

    test('a patch changes what it names and takes away what is null', async () => {
      const { cluster, namespace } = await make()
      const object = await applied(cluster, configMap('settings', namespace, { colour: 'red', size: 'big' }))
      await cluster.patch(refOf(object), { data: { colour: null, shape: 'round' } })
      expect((await cluster.get(refOf(object)))?.['data']).toEqual({ size: 'big', shape: 'round' })
      expect(await cluster.patch({ ...refOf(object), name: 'none' }, { data: {} })).toMatchObject({ refused: true, why: 'missing' })
    })

    test('a deleted object goes with all it owns, once and for all', async () => {
      const { cluster, namespace } = await make()
      const object = workloadObject('Deployment', 'web', namespace, 'shop:1')
      const { metadata } = await applied(cluster, object)
      await workloadUntil(cluster, object, ({ ready }) => ready)
      expect(await cluster.delete(refOf(object), { uid: '00000000-0000-0000-0000-000000000000' })).toMatchObject({ refused: true, why: 'stale' })
      expect(await cluster.delete(refOf(object), { uid: metadata.uid ?? '' })).toMatchObject({ refused: false })
      while (await cluster.get(refOf(object))) await cluster.changed(refOf(object), '0', { forMs: 500 })
      expect(await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })).toEqual([])
      expect(await cluster.delete(refOf(object))).toEqual({ refused: false, object: null })
      expect(await cluster.delete({ ...refOf(object), kind: 'Nothing' })).toEqual({ refused: false, object: null })
    })

    test('a workload is scaled without another field of it', async () => {
      const { cluster, namespace } = await make()
      const object = workloadObject('Deployment', 'web', namespace, 'shop:1', { replicas: 1 })
      await applied(cluster, object)
      expect(await cluster.scale(refOf(object), 3)).toMatchObject({ refused: false, object: { spec: { replicas: 3 } } })
      expect(await workloadUntil(cluster, object, ({ ready, wanted }) => ready && wanted === 3)).toMatchObject({ readyPods: 3, progress: '3 of 3 pods are ready' })
      expect(await cluster.scale({ ...refOf(object), name: 'none' }, 3)).toMatchObject({ refused: true, why: 'missing' })
    })

    test('whoever waits for a change is told of it', async () => {
      const { cluster, namespace } = await make()
      const object = await applied(cluster, configMap('settings', namespace, { colour: 'red' }))
      const told = cluster.changed(refOf(object), object.metadata.resourceVersion ?? '', { forMs: 50_000 })
      await cluster.patch(refOf(object), { data: { colour: 'blue' } })
      await told
      const { metadata } = await cluster.get(refOf(object)) as ClusterObject
      await cluster.changed(refOf(object), metadata.resourceVersion ?? '', { forMs: 200 })
      await cluster.changed(refOf(object), null, { forMs: 50_000 })
      const stopped = new AbortController()
      const waiting = cluster.changed(refOf(object), metadata.resourceVersion ?? '', { forMs: 50_000, signal: stopped.signal })
      stopped.abort()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    })

    test.each(['Deployment', 'StatefulSet', 'DaemonSet'])('a %s is ready once all its pods are of the newest version', async (kind) => {
      const { cluster, namespace } = await make()
      const replicas = kind === 'DaemonSet' ? {} : { replicas: 2 }
      const old = workloadObject(kind, 'web', namespace, 'shop:1', replicas)
      await applied(cluster, old)
      const first = await workloadUntil(cluster, old, ({ ready }) => ready)
      expect(first.readyPods).toBe(first.wanted)
      await applied(cluster, workloadObject(kind, 'web', namespace, 'shop:2', replicas))
      const second = await workloadUntil(cluster, old, ({ ready, revision }) => ready && revision !== first.revision)
      expect(second).toMatchObject({ failed: null, stuck: [], readyPods: second.wanted })
      expect((await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })).filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ spec }) => (spec as { containers: { image: string }[] }).containers[0]?.image)).toEqual(Array<string>(second.wanted).fill('shop:2'))
      await applied(cluster, old)
      expect((await workloadUntil(cluster, old, ({ ready, revision }) => ready && revision !== second.revision)).revision).toBe(first.revision)
    })

    test.each(['Deployment', 'StatefulSet', 'DaemonSet', 'Job'])('a %s whose image is not there says so in its pods\' own words', async (kind) => {
      const { cluster, namespace } = await make()
      const object = workloadObject(kind, 'web', namespace, 'shop:missing')
      await applied(cluster, object)
      const { stuck, ready } = await workloadUntil(cluster, object, (state) => state.stuck.length > 0)
      expect(ready).toBe(false)
      expect(stuck[0]).toMatchObject({ container: 'main', reason: 'ErrImagePull', message: 'failed to pull image "shop:missing": not found', pod: expect.stringContaining('web-') as string })
    })

    test('a Job is ready when it is complete', async () => {
      const { cluster, namespace } = await make()
      const object = workloadObject('Job', 'migrate', namespace, 'shop:1')
      await applied(cluster, object)
      expect(await workloadUntil(cluster, object, ({ ready }) => ready)).toMatchObject({ failed: null, readyPods: 1, wanted: 1, revision: null })
    })

    test('what is no workload has no state, and neither has what is not there', async () => {
      const { cluster, namespace } = await make()
      const object = await applied(cluster, configMap('settings', namespace, {}))
      expect(await cluster.workload(refOf(object))).toBeNull()
      expect(await cluster.workload({ ...refOf(object), apiVersion: 'apps/v1', kind: 'Deployment' })).toBeNull()
    })

    test('a cluster that does not answer is unreachable, whatever it is asked', async () => {
      const { unreachable, namespace } = await make()
      const object = configMap('settings', namespace, {})
      for (const asked of [() => unreachable.get(refOf(object)), () => unreachable.list(object), () => unreachable.apply(object), () => unreachable.delete(refOf(object))]) {
        await expect(asked()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
      }
    })
  })
}
