import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ActivityCancellationDetails } from '@temporalio/common'
import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { until } from '../contract/hosts.js'
import { sharedCluster } from '../support/cluster.js'
import { withTools } from '../support/tools.js'
import { freePort, INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { onSmallDisk } from './full-disk.js'
import { CHART } from './helm-chart.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

// Real Helm and a real API server; nodes without containers (kwok), where an image whose tag begins with `bad` is never pulled.
let PATH = ''
let kubeconfigFile = ''
beforeAll(async () => {
  kubeconfigFile = await sharedCluster()
  SECRETS['env:KUBECONFIG'] = await readFile(kubeconfigFile, 'utf8')
  PATH = await withTools('kubernetes')
}, INSTALL_TIMEOUT_MS)

let nth = 0
const newRelease = (): string => `shop-${process.pid}-${nth += 1}`
const job = (release: string, config: JsonObject = {}) => callOf('helm', {
  release, chart: './chart', namespace: 'default', createNamespace: false, values: {}, valuesFiles: [], wait: true, waitFor: '60s', stuckAfter: '10m',
  cluster: { kubeconfig: { $late: [{ secret: 'env:KUBECONFIG' }] } }, environment: { PATH }, ...config,
})
const run = async (command: string, ...args: string[]): Promise<string> => (await promisify(execFile)(command, args, { env: { ...process.env, PATH, KUBECONFIG: kubeconfigFile } })).stdout
const greetingOf = async (release: string): Promise<string> => run('kubectl', 'get', 'configmap', `${release}-text`, '-o', 'jsonpath={.data.greeting}')
const historyOf = async (release: string): Promise<{ revision: number; status: string; description: string }[]> => JSON.parse(await run('helm', 'history', release, '-o', 'json')) as never

test('installed, upgraded, and taken back to the exact revision, each once however often it is asked', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  const first = job(release, { valuesFiles: ['./production.yaml'] })
  expect(await world.execute(first)).toMatchObject({ outputs: { release, revision: 1, chart: 'shop-1.2.0', appVersion: '2.4.0', status: 'deployed' } })
  expect(await greetingOf(release)).toBe('from production')
  expect(await world.execute(first, world.environment({ attempt: 2 }))).toMatchObject({ outputs: { revision: 1 } })

  const second = job(release, { values: { greeting: 'new' } })
  const before = await world.snapshot(second)
  const never = { ...second, idempotencyKey: `${second.idempotencyKey}/never` }
  await world.rollback({ call: never, snapshot: before }, world.environment({ activityId: '1' }))
  await expect(world.execute(never)).rejects.toThrow('it was taken back before it began')
  expect(await historyOf(release)).toHaveLength(1)
  expect(await world.execute(second)).toMatchObject({ message: 'revision 2, shop-1.2.0' })
  expect(await greetingOf(release)).toBe('new')
  for (const activityId of ['2', '3']) await world.rollback({ call: second, snapshot: before }, world.environment({ activityId }))
  expect(await greetingOf(release)).toBe('from production')
  expect(await historyOf(release)).toMatchObject([{ status: 'superseded' }, { status: 'superseded' }, { revision: 3, status: 'deployed', description: 'Rollback to 1' }])
})

test('what was not there before is uninstalled', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  const call = job(release)
  const before = await world.snapshot(call)
  await world.execute(call)
  for (const activityId of ['1', '2']) await world.rollback({ call, snapshot: before }, world.environment({ activityId }))
  await expect(greetingOf(release)).rejects.toThrow('not found')
  await expect(historyOf(release)).rejects.toThrow('not found')
})

test('a version that never gets ready fails in Helm\'s words, and is taken back', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  await world.execute(job(release))
  const call = job(release, { values: { tag: 'bad', greeting: 'bad' }, waitFor: '3s' })
  const before = await world.snapshot(call)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^helm upgrade of shop-/) as string })
  await world.rollback({ call, snapshot: before })
  expect(await greetingOf(release)).toBe('hello')
})

test('a chart that cannot be read fails at once: its end is not the cluster\'s', async () => {
  const world = await kindWorld({}, { files: { ...CHART, 'chart/templates/broken.yaml': '{{ if .Values.tag }}\nkind: ConfigMap\n' } })
  await expect(world.execute(job(newRelease()))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('unexpected EOF') as string })
})

test('an upgrade that was cut off half-way is cleared, once it is old enough', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  await world.execute(job(release))
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-chart-'))
  for (const [path, text] of Object.entries(CHART)) { await mkdir(dirname(join(folder, path)), { recursive: true }); await writeFile(join(folder, path), text) }
  const killed = spawn('helm', ['upgrade', release, './chart', '--set=tag=bad,greeting=bad', '--wait'], { cwd: folder, env: { ...process.env, PATH, KUBECONFIG: kubeconfigFile }, stdio: 'ignore' })
  await until(async () => (await historyOf(release)).at(-1)?.status === 'pending-upgrade')
  killed.kill('SIGKILL')
  await expect(world.execute(job(release, { stuckAfter: '10m' }), world.environment({ startToCloseTimeoutMs: 40_000 }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('is pending-upgrade since') as string })
  expect(await world.execute(job(release, { stuckAfter: '1s', values: { greeting: 'after' } }))).toMatchObject({ outputs: { status: 'deployed' } })
  expect(await greetingOf(release)).toBe('after')
})

test('a worker killed in the upgrade: the next try adopts it', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  const call = job(release, { values: { tag: 'bad' } }) // it waits for its pods until they get an image
  const first = world.environment()
  const cut = expect(world.execute(call, first)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(async () => (await historyOf(release).catch(() => [])).length > 0)
  first.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await cut
  const next = world.execute(call, world.environment({ attempt: 2 }))
  await run('kubectl', 'set', 'image', `deployment/${release}`, 'shop=registry.local/shop:1')
  expect(await next).toMatchObject({ outputs: { revision: 1, status: 'deployed' } })
  expect(await historyOf(release)).toHaveLength(1)
})

test('a full disk of the worker fails before the cluster is touched; the undo says so too until there is room', async () => {
  await onSmallDisk(async (small) => {
    const release = newRelease()
    await (await kindWorld({}, { files: CHART })).execute(job(release))
    const home = join(small, 'home')
    const world = await kindWorld({}, { home, files: { ...CHART, 'chart/files/big': 'x'.repeat(500_000) } })
    const call = job(release, { values: { greeting: 'new' } })
    const before = await world.snapshot(call)
    await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(new RegExp(`^helm upgrade of ${release}: .*no space left on device`, 'is')) as string })
    const undo = { call, snapshot: before }
    await expect(world.rollback(undo, world.environment({ activityId: '1' }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/^this machine could not run script .*no space left on device/) as string })
    await run('sh', '-c', `rm -rf ${home}/runs/*/work/chart`)
    await world.rollback(undo, world.environment({ activityId: '2' }))
    expect([await greetingOf(release), (await historyOf(release)).map(({ status }) => status)]).toEqual(['hello', ['deployed']])
  })
})

test('a dry run says what would change, and changes nothing', async () => {
  const world = await kindWorld({}, { files: CHART })
  const release = newRelease()
  expect((await world.preview(job(release))).map(({ action, what }) => `${action} ${what.split(' ')[0]}`).sort()).toEqual(['create ConfigMap', 'create Deployment', 'create Secret'])
  await expect(historyOf(release)).rejects.toThrow('not found')
  await world.execute(job(release))
  expect((await world.preview(job(release, { values: { greeting: 'x' } }))).map(({ action, what }) => `${action} ${what.split(' ')[0]}`).sort()).toEqual(['none Deployment', 'none Secret', 'update ConfigMap'])
  expect(await greetingOf(release)).toBe('hello')
})

test('a cluster that does not answer is unreachable, and asked anew by the next try', async () => {
  const world = await kindWorld({}, { files: CHART })
  const environment = world.environment()
  const beats: unknown[] = []
  environment.on('heartbeat', (details: unknown) => { beats.push(details) })
  const away = (await readFile(kubeconfigFile, 'utf8')).replace(/server: .*/, `server: https://127.0.0.1:${await freePort()}`)
  SECRETS['env:AWAY'] = away
  await expect(world.execute(job(newRelease(), { cluster: { kubeconfig: { $late: [{ secret: 'env:AWAY' }] } } }), environment)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
  expect(beats.at(-1)).toBe(1)
})
