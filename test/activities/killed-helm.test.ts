import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import type { ClusterPort } from '../../drivers/clusters/port.js'
import { openCluster, sharedCluster } from '../support/cluster.js'
import { workerOn } from '../support/killed-worker.js'
import { withTools } from '../support/tools.js'
import { actsOf, endsInOneOfTwoStates, isTakenBack, type Scene } from '../support/two-states.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { CHART } from './helm-chart.js'
import { callOf } from './kind-world.js'

// A worker of its own that is killed with SIGKILL while real Helm works on a real API server.
let PATH = ''
let kubeconfigFile = ''
let cluster: ClusterPort
beforeAll(async () => {
  kubeconfigFile = await sharedCluster()
  cluster = openCluster(kubeconfigFile)
  PATH = await withTools('kubernetes')
}, INSTALL_TIMEOUT_MS)

/** Helm's own record, by the API: one Secret a revision. */
const historyOf = async (release: string): Promise<(string | undefined)[]> => {
  const secrets = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'default', labels: `owner=helm,name=${release}` })
  return secrets.map(({ metadata: { labels } }) => labels ?? {}).sort((a, b) => Number(a['version']) - Number(b['version'])).map((labels) => labels['status'])
}

let nth = 0
/** A release, at its first revision or not there at all, about to become `values`. */
const upgraded = (first: boolean, values: JsonObject = { greeting: 'new', tag: '2' }) => async (): Promise<Scene> => {
  const release = `killed-${process.pid}-${nth += 1}`
  const on = { home: await mkdtemp(join(tmpdir(), 'releasectl-home-')), files: CHART, secrets: { 'env:KUBECONFIG': await readFile(kubeconfigFile, 'utf8') } }
  const job = (given: JsonObject) => callOf('helm', {
    release, chart: './chart', namespace: 'default', createNamespace: false, values: given, valuesFiles: [], wait: true, waitFor: '60s', stuckAfter: '10m',
    cluster: { kubeconfig: { $late: [{ secret: 'env:KUBECONFIG' }] } }, environment: { PATH },
  })
  if (!first) await (await workerOn(on)).run({ activity: 'helm.execute', input: job({}) })
  let revisions = 0
  return {
    ...await actsOf(on, job(values)), after: { greeting: 'new', status: 'deployed' },
    state: async () => ({ greeting: ((await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', name: `${release}-text`, namespace: 'default' }))?.['data'] as { greeting?: string } | undefined)?.greeting ?? null, status: (await historyOf(release)).at(-1) ?? null }),
    hold: async () => { revisions = (await historyOf(release)).length },
    seen: async (part) => { const now = await historyOf(release); return first && part === 'undo' ? now.length === 0 || now.at(-1) === 'uninstalling' : now.length > revisions },
  }
}

test.each([['an upgrade', false], ['a first install', true]])('a worker killed inside %s by Helm or its undo: the next one ends it, in one of two states', { timeout: 300_000 }, async (_what, first) => {
  expect(await endsInOneOfTwoStates(upgraded(first))).toBe(2)
})

test.each([['an upgrade', false], ['a first install', true]])('%s that would never get ready, its worker killed, is ended and taken back', { timeout: 300_000 }, async (_what, first) => {
  await isTakenBack(await upgraded(first, { greeting: 'bad', tag: 'bad' })())
})
