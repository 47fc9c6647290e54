import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { isAlive, textOf, until } from '../contract/hosts.js'
import { onSmallDisk } from './full-disk.js'
import { killedInside, UNDO_ID } from './killed-inside.js'
import { callOf, kindWorld } from './kind-world.js'

/** A machine with a folder; each operation of `shop` writes down what it was told and leaves its version. */
async function machine() {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-work-'))
  const home = await mkdtemp(join(tmpdir(), 'releasectl-home-'))
  const world = await kindWorld({}, { home })
  const says = (word: string, more = ''): string => `echo "${word} $CURRENT_VERSION>$APP_VERSION ($ROLLBACK_VERSION)" >> ${folder}/log\n${more}`
  const scripts: JsonObject = {
    installScript: says('install', `echo "$APP_VERSION" > ${folder}/version`), updateScript: says('update', `echo "$APP_VERSION" > ${folder}/version`),
    rollbackScript: says('rollback', `echo "$ROLLBACK_VERSION" > ${folder}/version`), uninstallScript: says('uninstall', `rm -f ${folder}/version`),
  }
  const base: JsonObject = { interpreter: '/bin/bash', environment: {}, stateDir: join(folder, 'state'), ...scripts }
  const of = (version: string, config: JsonObject = {}, more: Partial<JobCall> = {}): JobCall => {
    const call = callOf('script', Object.fromEntries(Object.entries({ ...base, ...config }).filter(([, value]) => value !== null)), more)
    return { ...call, release: { ...call.release, version, releaseId: call.idempotencyKey.split('/')[0] ?? '' } }
  }
  return {
    folder, home, world, of, says,
    log: async () => textOf(join(folder, 'log')),
    version: async () => (await textOf(join(folder, 'version'))).trim(),
    record: async () => JSON.parse(await readFile(join(folder, 'state/installations/acme/shop/production/shop'), 'utf8')) as { version: string | null; before: string[]; change: { operation: string } | null },
    installed: async (...versions: string[]) => { for (const version of versions) await world.execute(of(version)) },
  }
}

test('auto installs where nothing is installed and updates where something is, each told both versions', async () => {
  const { world, of, log, record } = await machine()
  const first = await world.execute(of('1.0.0'))
  const second = await world.execute(of('1.1.0'))
  expect(await log()).toBe('install >1.0.0 ()\nupdate 1.0.0>1.1.0 ()\n')
  expect(first).toMatchObject({ outputs: { installed: { version: '1.0.0', previousVersion: null, operation: 'install' } }, message: 'shop: install of 1.0.0' })
  expect(second).toMatchObject({ outputs: { installed: { version: '1.1.0', previousVersion: '1.0.0', operation: 'update' } }, message: 'shop: update from 1.0.0 to 1.1.0' })
  expect(await record()).toMatchObject({ version: '1.1.0', before: ['1.0.0'], change: null })
})

test('a config with one of install_script and update_script runs that one either way', async () => {
  const { world, of, log } = await machine()
  await world.execute(of('1', { installScript: null }))
  await world.execute(of('2', { updateScript: null }))
  expect(await log()).toBe('update >1 ()\ninstall 1>2 ()\n')
})

test('a script finds the built-in variables, the target\'s and the job\'s own, and none of them becomes code', async () => {
  const { world, of, folder } = await machine()
  const target = { id: 't-1', name: 'web-1', type: 'host', via: 'direct', host: '10.0.0.7', labels: { role: 'web' }, priority: 0 } as const
  const installScript = 'for name in WORK_DIR APP_NAME APP_VERSION APP_ENV ARTIFACT_URL BACKUP_DIR KEEP_DATA TARGET_ID TARGET_NAME TARGET_HOST TARGET_IP TARGET_LABELS RELEASE_USER note; do echo "$name=${!name}"; done; pwd'
  const config = { installScript, workDir: join(folder, 'app'), artifactUrl: 'http://a/b', environment: { note: '$(id) `id`' } }
  const { outputs } = await world.execute(of('1.0.0', config, { target, variables: { BACKUP_DIR: '/data/backup' } }))
  expect(outputs['stdout']).toBe([
    `WORK_DIR=${folder}/app`, 'APP_NAME=shop', 'APP_VERSION=1.0.0', 'APP_ENV=production', 'ARTIFACT_URL=http://a/b', 'BACKUP_DIR=/data/backup', 'KEEP_DATA=true', 'TARGET_ID=t-1', 'TARGET_NAME=web-1',
    'TARGET_HOST=10.0.0.7', 'TARGET_IP=10.0.0.7', 'TARGET_LABELS={"role":"web"}', 'RELEASE_USER=ann', 'note=$(id) `id`', `${folder}/app`,
  ].join('\n'))
})

test('an update that failed half-way is taken back to the exact version that was there', async () => {
  const { world, of, log, version, record, says, installed } = await machine()
  await installed('1.0.0', '1.1.0')
  const call = of('1.2.0', { updateScript: says('update', 'echo no >&2; exit 4') })
  const snapshot = await world.snapshot(call)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'update_script ended with exit code 4:\nno' })
  expect(await record()).toMatchObject({ version: '1.1.0', change: { operation: 'update' } })
  await world.rollback({ call, snapshot })
  expect(await version()).toBe('1.1.0')
  expect((await log()).split('\n').slice(2)).toEqual(['update 1.1.0>1.2.0 (1.0.0)', 'rollback 1.2.0>1.2.0 (1.1.0)', ''])
  expect(await record()).toMatchObject({ version: '1.1.0', before: ['1.0.0'], change: null })
})

test('an update that succeeded is taken back once, however often it is asked', async () => {
  const { world, of, log, version, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0')
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  for (const activityId of ['5', '5', '6']) await world.rollback({ call, snapshot }, world.environment({ activityId }))
  expect(await version()).toBe('1.0.0')
  expect((await log()).match(/rollback/g)).toHaveLength(1)
})

test('what never began is not taken back, and cannot begin any more', async () => {
  const { world, of, log, installed, record } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0')
  const snapshot = await world.snapshot(call)
  await world.rollback({ call, snapshot })
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'it was taken back before it began' })
  expect(await record()).toMatchObject({ version: '1.0.0', before: [] })
  expect(await log()).toBe('install >1.0.0 ()\n')
})

test('a first install is taken back by uninstall_script, else by rollback_script, else a person is told', async () => {
  const { world, of, version, record } = await machine()
  const takeBack = async (config: JsonObject): Promise<void> => {
    const call = of('1.0.0', config)
    const snapshot = await world.snapshot(call)
    await world.execute(call)
    await world.rollback({ call, snapshot })
  }
  await takeBack({})
  expect(await version()).toBe('')
  await expect(record()).rejects.toMatchObject({ code: 'ENOENT' })
  await takeBack({ uninstallScript: null })
  expect(await version()).toBe('')
  await expect(takeBack({ uninstallScript: null, rollbackScript: null, workDir: '/tmp' })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'the first install of shop cannot be taken back: the job has no uninstall_script. Remove by hand what install_script made in /tmp' })
})

test('what a later release changed is left as it is', async () => {
  const { world, of, version, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0')
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  await installed('1.2.0')
  await expect(world.rollback({ call, snapshot })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('it is at 1.2.0 and is left so') as string })
  expect(await version()).toBe('1.2.0')
})

test('operation rollback goes to the version before, or to the one that is named and was recorded', async () => {
  const { world, of, version, record, installed } = await machine()
  await installed('1.0.0', '1.1.0', '1.2.0', '1.3.0')
  const back = await world.execute(of('9', { operation: 'rollback' }))
  expect(back.outputs['installed']).toEqual({ version: '1.2.0', previousVersion: '1.3.0', operation: 'rollback' })
  await world.execute(of('9', { operation: 'rollback', version: '1.0.0' }))
  expect(await version()).toBe('1.0.0')
  expect(await record()).toMatchObject({ version: '1.0.0', before: [] })
  await expect(world.execute(of('9', { operation: 'rollback' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'there is no version before 1.0.0 to go back to' })
  await expect(world.execute(of('9', { operation: 'rollback', version: '0.1' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'version 0.1 was never recorded; there were: none' })
  await world.execute(of('9', { operation: 'rollback', version: '0.1', skipChecks: true }))
  expect(await version()).toBe('0.1')
})

test('uninstall takes the application off and tells when there is nothing', async () => {
  const { world, of, version, record, installed } = await machine()
  await installed('1.0.0')
  expect((await world.uninstall(of('1.1.0'))).outputs['installed']).toEqual({ version: null, previousVersion: '1.0.0', operation: 'uninstall' })
  expect(await version()).toBe('')
  expect(await record()).toMatchObject({ version: null })
  expect((await world.uninstall(of('1.1.0'))).message).toBe('shop is not installed')
  await expect(world.uninstall(of('1.1.0', { uninstallScript: null }))).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
  await world.execute(of('2.0.0'))
  expect(await version()).toBe('2.0.0')
})

test('a dry run tells the operation and both versions, and touches nothing', async () => {
  const { world, of, folder, log, installed } = await machine()
  expect(await world.preview(of('1.0.0'))).toEqual([{ what: 'shop, by install_script', action: 'create', before: null, after: '1.0.0' }])
  expect(await readdir(folder)).toEqual([])
  await installed('1.0.0')
  const before = await log()
  expect(await world.preview(of('1.1.0'))).toEqual([{ what: 'shop, by update_script', action: 'update', before: '1.0.0', after: '1.1.0' }])
  expect(await world.preview(of('1.1.0', { operation: 'uninstall' }))).toEqual([{ what: 'shop, by uninstall_script', action: 'delete', before: '1.0.0', after: null }])
  expect(await log()).toBe(before)
})

test.each<[string, JsonObject, string]>([
  ['an interpreter that is not there', { interpreter: '/no/such/shell' }, '/no/such/shell is no program'],
  ['a work_dir that is not there', { workDir: '/no/such/place' }, 'workDir /no/such/place is no directory'],
  ['a script that is not in the bundle', { updateScript: './missing.sh' }, 'the bundle has no file ./missing.sh'],
])('%s is a failure that leaves nothing to take back', async (_, config, message) => {
  const { world, of, record, log, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0', config)
  const snapshot = await world.snapshot(call)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining(message) as string })
  expect(await record()).toMatchObject({ version: '1.0.0', change: null })
  await world.rollback({ call, snapshot })
  expect(await log()).toBe('install >1.0.0 ()\n')
})

test('each operation has a time of its own; one that forks and hangs is ended with all it started', async () => {
  const { world, of, folder, version, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0', { timeouts: { update: '1s' }, updateScript: `(trap '' TERM; echo $BASHPID > ${folder}/fork; while :; do sleep 1; done) & sleep 300` })
  const snapshot = await world.snapshot(call)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TIMED_OUT', message: expect.stringContaining('longer than 1s') as string })
  await until(async () => !await isAlive(Number(await textOf(join(folder, 'fork')))))
  await world.rollback({ call, snapshot })
  expect(await version()).toBe('1.0.0')
})

test('of far too much output the end is kept', async () => {
  const { world, of } = await machine()
  const { outputs, artifacts } = await world.execute(of('1.0.0', { installScript: 'head -c 30000000 /dev/zero | tr "\\0" x; echo; echo last' }))
  expect((outputs['stdout'] as string).length).toBeLessThanOrEqual(4096)
  expect((outputs['stdout'] as string).endsWith('x\nlast')).toBe(true)
  expect(artifacts[0]?.text?.length).toBeLessThanOrEqual(65_536)
})

test('a full disk fails before anything is done, with its own words', async () => {
  await onSmallDisk(async (small, fill) => {
    const { world, of, log } = await machine()
    await fill()
    await expect(world.execute(of('1.0.0', { stateDir: small }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^recording what is installed of shop ended with exit code 1: .*No space left on device/s) as string })
    expect(await log()).toBe('')
  })
})

test('a disk that fills up during an update fails it, and it is taken back', async () => {
  await onSmallDisk(async (small) => {
    const { world, of, version, installed } = await machine()
    await installed('1.0.0')
    const call = of('1.1.0', { workDir: small, updateScript: 'set -e\nhead -c 2000000 /dev/zero > big' })
    const snapshot = await world.snapshot(call)
    await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('No space left on device') as string })
    await world.rollback({ call, snapshot })
    expect(await version()).toBe('1.0.0')
  })
})

test('a worker killed inside an update: the next one finds it, and it ran once', async () => {
  const { world, home, folder, of, log, record, says, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0', { updateScript: says('update', `until [ -e ${folder}/go ]; do sleep 0.05; done; echo done >> ${folder}/log`) })
  await killedInside({ home, part: 'execute', call }, async () => (await log()).includes('update'))
  const again = world.execute(call, world.environment({ attempt: 2 }))
  await writeFile(join(folder, 'go'), '')
  expect((await again).outputs['installed']).toEqual({ version: '1.1.0', previousVersion: '1.0.0', operation: 'update' })
  expect(await log()).toBe('install >1.0.0 ()\nupdate 1.0.0>1.1.0 ()\ndone\n')
  expect(await record()).toMatchObject({ version: '1.1.0', change: null })
})

test('a worker killed inside an update that is then taken back: the update is ended first', async () => {
  const { world, home, folder, of, version, record, says, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0', { updateScript: says('update', `echo $$ > ${folder}/pid; sleep 300`) })
  const snapshot = await world.snapshot(call)
  await killedInside({ home, part: 'execute', call }, async () => await textOf(join(folder, 'pid')) !== '')
  await world.rollback({ call, snapshot })
  expect(await isAlive(Number(await textOf(join(folder, 'pid'))))).toBe(false)
  expect(await version()).toBe('1.0.0')
  expect(await record()).toMatchObject({ version: '1.0.0', change: null })
})

test('a worker killed inside an undo: the next one finds it, and it ran once', async () => {
  const { world, home, folder, of, log, version, record, says, installed } = await machine()
  await installed('1.0.0')
  const call = of('1.1.0', { rollbackScript: says('rollback', `until [ -e ${folder}/go ]; do sleep 0.05; done; echo "$ROLLBACK_VERSION" > ${folder}/version`) })
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  await killedInside({ home, part: 'rollback', undo: { call, snapshot } }, async () => (await log()).includes('rollback'))
  const again = world.rollback({ call, snapshot }, world.environment({ ...UNDO_ID, attempt: 2 }))
  await writeFile(join(folder, 'go'), '')
  await again
  expect((await log()).match(/rollback/g)).toHaveLength(1)
  expect(await version()).toBe('1.0.0')
  expect(await record()).toMatchObject({ version: '1.0.0', change: null })
})
