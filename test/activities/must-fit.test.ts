import { expect, test } from 'vitest'
import { mustFit } from '../../activities/fleet/must-fit.js'
import type { JsonObject } from '../../domain/json.js'
import { FleetRecords } from '../support/fleet-records.js'
import { job } from '../support/plan-builder.js'

const target = (more: Parameters<FleetRecords['add']>[1]) => {
  const records = new FleetRecords()
  records.add('web-1', more)
  return records.targets
}
const asked = (kind: Parameters<typeof job>[1], config: JsonObject, more: Parameters<FleetRecords['add']>[1]) => () => { mustFit('ship', [job('one', kind, config)], target(more)) }

test.each([
  ['a job that names its cluster', 'kubernetes', { cluster: { context: 'other' } }, {}], ['a chart with its own kubeconfig', 'helm', { cluster: { kubeconfigFile: '/k' } }, {}], ['a container with its own engine', 'container', { docker: { host: 'unix:///d' } }, { type: 'kubernetes', config: {} }],
  ['an engine\'s container', 'container', {}, { type: 'docker', config: { docker: { host: 'tcp://web-1:2376' } } }], ['a container on a machine\'s own engine', 'container', {}, {}], ['manifests of a cluster', 'kubernetes', {}, { type: 'kubernetes', config: { kubernetes: { context: 'web-1' } } }],
  ['what goes to an agent', 'script', {}, { via: 'agent', config: {} }], ['a job that needs nothing of its target', 'webhook', {}, { type: 'kubernetes', config: {} }],
] as const)('%s fits', (_, kind, config, more) => {
  expect(asked(kind, config, more)).not.toThrow()
})

test.each([
  ['script', { type: 'docker', config: {} }, 'target web-1 is no machine: it is docker'], ['gitpull', { config: {} }, 'its config has no ssh'],
  ['container', { type: 'docker', config: {} }, 'its config has no docker'], ['helm', { type: 'kubernetes', config: {} }, 'its config has no kubernetes'], ['kubernetes', {}, 'target web-1 has no cluster'],
] as const)('a %s does not fit where its place is not', (kind, more, why) => {
  expect(asked(kind, {}, more)).toThrow(why)
})
