import { expect, test } from 'vitest'
import { MemoryCluster } from '../../drivers/clusters/memory.js'
import { configMap, newNamespace } from '../support/cluster.js'
import { clusterContract } from './clusters.js'

clusterContract('memory', async () => {
  const cluster = new MemoryCluster()
  const unreachable = new MemoryCluster()
  unreachable.unreachableBecause = 'the API is off'
  return { cluster, other: cluster.as('other'), unreachable, namespace: await newNamespace(cluster) }
})

test('a change whose answer was lost is in force', async () => {
  const cluster = new MemoryCluster()
  cluster.loseAnswers = 1
  const object = configMap('settings', 'default', { colour: 'red' })
  await expect(cluster.apply(object)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect(await cluster.get({ ...object, name: 'settings' })).toMatchObject({ data: { colour: 'red' } })
})
