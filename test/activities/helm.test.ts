import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createTargetPlaces } from '../../activities/target-places.js'
import { changesOf, deployedOf, historyCommand, isPending, lastGood, manifestCommand, readHistory, rollbackCommand, templateCommand, uninstallCommand, upgradeCommand, type HelmRun } from '../../activities/tools/helm.js'
import type { HostPort } from '../../drivers/hosts/port.js'
import { withTools } from '../support/tools.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { CHART } from './helm-chart.js'
import { callOf, kindWorld } from './kind-world.js'

const RUN: HelmRun = { temp: '/t', release: 'shop', chart: './chart', createNamespace: false, valuesFiles: [], wait: true, waitFor: '5m', description: 'releasectl r1' }
const FULL: HelmRun = { ...RUN, namespace: 'web', kubeconfig: '/t/kubeconfig', context: 'blue', repo: 'https://charts.example.com', version: '1.2.0', createNamespace: true, valuesFiles: ['production.yaml'], wait: false, waitFor: '90s' }
const PLACE = ['--namespace=web', '--kubeconfig=/t/kubeconfig', '--kube-context=blue']

test('the commands are these', () => {
  expect(upgradeCommand(RUN)).toEqual(['upgrade', 'shop', './chart', '--install', '--values=/t/values.json', '--wait', '--timeout=300s', '--description=releasectl r1'])
  expect(upgradeCommand(FULL)).toEqual(['upgrade', 'shop', './chart', '--install', ...PLACE, '--repo=https://charts.example.com', '--version=1.2.0', '--values=production.yaml', '--values=/t/values.json', '--create-namespace', '--timeout=90s', '--description=releasectl r1'])
  expect(templateCommand(RUN, true)).toEqual(['template', 'shop', './chart', '--dry-run=server', '--no-hooks', '--is-upgrade', '--values=/t/values.json'])
  expect(historyCommand(FULL)).toEqual(['history', 'shop', '--output=json', '--max=256', ...PLACE])
  expect(manifestCommand(FULL)).toEqual(['get', 'manifest', 'shop', ...PLACE])
  expect(rollbackCommand(FULL, 7)).toEqual(['rollback', 'shop', '7', ...PLACE, '--timeout=90s'])
  expect(uninstallCommand(RUN)).toEqual(['uninstall', 'shop', '--ignore-not-found', '--wait', '--timeout=300s'])
})

test('a real Helm takes them, and renders the chart with the values in their order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-chart-'))
  for (const [path, text] of Object.entries(CHART)) { await mkdir(dirname(join(folder, path)), { recursive: true }); await writeFile(join(folder, path), text) }
  await writeFile(join(folder, 'values.json'), JSON.stringify({ greeting: 'from the plan' }))
  const command = templateCommand({ ...RUN, temp: folder, namespace: 'web', valuesFiles: ['production.yaml'] }, true).filter((word) => word !== '--dry-run=server') // no cluster here
  const { stdout } = await promisify(execFile)('helm', command, { cwd: folder, env: { ...process.env, PATH: await withTools('kubernetes') } })
  expect(stdout).toContain('greeting: "from the plan"')
  expect(stdout).toContain('replicas: 2')
  expect(changesOf('', stdout).map(({ what, action }) => `${action} ${what}`)).toEqual(['create Secret shop-secret', 'create ConfigMap shop-text', 'create Deployment shop'])
}, INSTALL_TIMEOUT_MS)

test('a history says what runs, what is stuck, and where to go back to', () => {
  const of = (...statuses: string[]) => readHistory(JSON.stringify(statuses.map((status, n) => ({ revision: n + 1, status, updated: '', chart: '', app_version: '', description: '' })).reverse()))
  expect(readHistory('')).toEqual([])
  expect(deployedOf(of('superseded', 'deployed', 'failed'))?.revision).toBe(2)
  expect(deployedOf(of('failed'))).toBeNull()
  expect(of('deployed', 'pending-upgrade').map(isPending)).toEqual([false, true])
  expect(lastGood(of('superseded', 'superseded', 'failed'))?.revision).toBe(2)
  expect(lastGood(of('failed'))).toBeNull()
})

test('a dry run tells resources by name, never what a Secret holds', () => {
  const doc = (kind: string, name: string, value: string): string => `---\n# Source: x\nkind: ${kind}\nmetadata: { name: ${name}, namespace: web }\ndata: { value: ${value} }\n`
  const changes = changesOf(doc('Secret', 'a', 'b2xk') + doc('ConfigMap', 'b', 'same') + doc('Service', 'gone', 'x'), doc('Secret', 'a', 'bmV3') + doc('ConfigMap', 'b', 'same') + doc('Job', 'new', 'y'))
  expect(changes.map(({ action, what }) => `${action} ${what}`)).toEqual(['update Secret web/a', 'none ConfigMap web/b', 'create Job web/new', 'delete Service web/gone'])
  expect(JSON.stringify(changes)).not.toMatch(/b2xk|bmV3/)
})

test('a chart that is not in the bundle, and a cluster nobody names, are a config that is not right', async () => {
  const none = async (): Promise<never> => { throw new Error('nobody is asked') }
  const places = (host: HostPort) => createTargetPlaces({ own: { host, engine: '' }, connectHost: none as never, connectEngine: none as never, openCluster: none as never, findConfig: async () => ({ config: {} }), resolveSecret: none })
  const world = await kindWorld({}, { files: CHART, places })
  const base = { chart: './none', createNamespace: false, values: {}, valuesFiles: [], wait: true, waitFor: '5m', stuckAfter: '10m', environment: { PATH: await withTools('kubernetes') } }
  const target = { id: 't', name: 'blue', type: 'kubernetes' as const, via: 'direct' as const, host: null, labels: {}, priority: 0 }
  await expect(world.execute(callOf('helm', base, { target }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'target blue does not say which cluster it is: its config has no kubernetes' })
  await expect(world.execute(callOf('helm', { ...base, environment: { PATH: '/usr/bin:/bin' } }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('no such program') as string })
}, INSTALL_TIMEOUT_MS)
