import { expect, test } from 'vitest'
import { MemoryCluster } from '../../drivers/clusters/memory.js'
import type { ClusterAccess } from '../../drivers/clusters/port.js'
import { callOf, kindWorld } from './kind-world.js'

const DEFAULTS = { kubectl: 'kubectl', force: false, wait: true, stuckAfter: '1s', stableFor: '0s' }

test('a job acts on the cluster its config names, and its kubeconfig reaches neither messages nor the log', async () => {
  const asked: ClusterAccess[] = []
  const cluster = new MemoryCluster()
  const world = await kindWorld({}, { openCluster: (access) => { asked.push(access); return cluster } })
  const manifests = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: hunter2hunter2 }\n'
  const call = callOf('kubernetes', { ...DEFAULTS, manifests, cluster: { kubeconfig: { from: 'env:TOKEN' } }, context: 'production' })
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: 'cluster memory refused ConfigMap ***/settings: there is no namespace ***' })
  await world.execute(callOf('kubernetes', { ...DEFAULTS, manifests: manifests.replace(', namespace: hunter2hunter2', ''), kubeconfig: '/etc/kube/prod' }))
  await world.execute(callOf('kubernetes', { ...DEFAULTS, manifests: manifests.replace(', namespace: hunter2hunter2', '') }))
  expect(asked).toEqual([{ kubeconfig: 'hunter2hunter2', context: 'production' }, { kubeconfigFile: '/etc/kube/prod' }, {}])
  expect(world.logs.text('info')).not.toContain('hunter2')
})

test('an installation without clusters says so', async () => {
  const world = await kindWorld()
  await expect(world.execute(callOf('kubernetes', { ...DEFAULTS, manifests: 'a: b\n' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'this installation has no clusters' })
})

test('a cluster that does not answer is asked again by the next try', async () => {
  const cluster = new MemoryCluster()
  cluster.unreachableBecause = 'the API is off'
  const world = await kindWorld({}, { openCluster: () => cluster })
  const call = callOf('kubernetes', { ...DEFAULTS, manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n' })
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: 'cluster memory: the API is off' })
  cluster.unreachableBecause = null
  cluster.loseAnswers = 1
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect((await world.execute(call)).outputs).toMatchObject({ created: 0, unchanged: 1 })
})
