import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf } from '../contract/hosts.js'
import { onSmallDisk } from './full-disk.js'
import { GitRepository } from './git-repository.js'
import { killedInside, UNDO_ID } from './killed-inside.js'
import { callOf, kindWorld } from './kind-world.js'

const SHELL = { interpreter: '/bin/bash', environment: {} }

async function machine() {
  const root = await mkdtemp(join(tmpdir(), 'releasectl-work-'))
  const home = await mkdtemp(join(tmpdir(), 'releasectl-home-'))
  const [app, backups] = [join(root, 'my app'), join(root, 'backups')]
  await mkdir(join(app, 'conf'), { recursive: true })
  await writeFile(join(app, 'conf/app.yaml'), 'one')
  await writeFile(join(app, 'data'), 'one')
  const world = await kindWorld({}, { home })
  const job = (kind: string, config: JsonObject, defaults: JsonObject): JobCall => {
    const call = callOf(kind, { ...defaults, backupDir: backups, stateDir: join(root, 'state'), ...config })
    return { ...call, release: { ...call.release, releaseId: call.idempotencyKey.split('/')[0] ?? '' } }
  }
  return {
    root, home, app, world,
    shop: join(backups, 'shop'),
    backup: (config: JsonObject = {}) => job('backup', config, { backupType: 'full', path: app, configPaths: ['conf', '*.yaml'], retention: 5, restore: false }),
    cleanup: (config: JsonObject = {}) => job('cleanup', config, { keepVersions: 3, cleanBackups: false, keepBackups: 5 }),
    listed: async () => (await readdir(join(backups, 'shop')).catch(() => [])).filter((name) => name.endsWith('.tar.gz')).sort(),
    contents: (path: string) => execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).trim().split('\n').map((name) => name.replace(app.slice(1), '.')).sort(),
  }
}

test('a full backup is an archive with its checksum, size and type told', async () => {
  const { world, backup, contents, shop } = await machine()
  const { outputs } = await world.execute(backup())
  const path = outputs['backupPath'] as string
  expect(path).toMatch(new RegExp(`^${shop}/\\d{8}T\\d{6}Z-001-full\\.tar\\.gz$`))
  expect(contents(path)).toEqual(['./', './conf/', './conf/app.yaml', './data'])
  expect(execFileSync('sha256sum', [path], { encoding: 'utf8' }).split(' ')[0]).toBe(outputs['checksum'])
  expect(outputs).toMatchObject({ type: 'full', base: '', backupCount: 1 })
})

test('an incremental one holds what changed since the last full one, which it names; the first is full', async () => {
  const { world, backup, app, contents } = await machine()
  expect((await world.execute(backup({ backupType: 'incremental' }))).outputs).toMatchObject({ type: 'full' })
  await writeFile(join(app, 'new'), 'two')
  const { outputs } = await world.execute(backup({ backupType: 'incremental' }))
  expect(outputs).toMatchObject({ type: 'incremental', base: expect.stringMatching(/-full$/) as string, backupCount: 2 })
  expect(contents(outputs['backupPath'] as string)).toEqual(['./', './conf/', './new'])
})

test('config_only takes the configuration and says when there is none', async () => {
  const { world, backup, app, contents } = await machine()
  expect(contents((await world.execute(backup({ backupType: 'config_only' }))).outputs['backupPath'] as string)).toEqual(['./conf/', './conf/app.yaml'])
  await rm(join(app, 'conf'), { recursive: true })
  await expect(world.execute(backup({ backupType: 'config_only' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('there is no configuration to back up') as string })
})

test.each(['full', 'incremental', 'config_only'])('where a restore is asked, taking back puts a %s backup back', async (backupType) => {
  const { world, backup, app } = await machine()
  await world.execute(backup())
  await writeFile(join(app, 'data'), 'two')
  const call = backup({ backupType, restore: true })
  await world.execute(call)
  await writeFile(join(app, 'data'), 'three')
  await writeFile(join(app, 'conf/app.yaml'), 'three')
  await writeFile(join(app, 'conf/stray'), 'three')
  await world.rollback({ call, snapshot: null })
  expect(await textOf(join(app, 'conf/app.yaml'))).toBe('one')
  const whole = backupType !== 'config_only'
  expect([await textOf(join(app, 'data')), await textOf(join(app, 'conf/stray'))]).toEqual(whole ? ['two', ''] : ['three', 'three'])
})

test('a backup that was tampered with is not put back, not even in part', async () => {
  const { world, backup, app } = await machine()
  const call = backup({ restore: true })
  const { outputs } = await world.execute(call)
  await writeFile(outputs['backupPath'] as string, 'rubbish')
  await writeFile(join(app, 'data'), 'two')
  await expect(world.rollback({ call, snapshot: null })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('its checksum differs') as string })
  expect(await textOf(join(app, 'data'))).toBe('two')
})

test('the newest are kept, and the full one that a kept incremental one needs', async () => {
  const { world, backup, listed } = await machine()
  for (const backupType of ['full', 'full', 'incremental', 'config_only', 'incremental']) await world.execute(backup({ backupType, retention: 2 }))
  expect((await listed()).map((name) => name.replace(/^.*?Z-\d+-/, ''))).toEqual(['full.tar.gz', 'config_only.tar.gz', 'incremental.tar.gz'])
})

test('a path that is not there is a failure; a dry run tells the kind and place and touches nothing', async () => {
  const { world, backup, listed, app, shop } = await machine()
  await expect(world.execute(backup({ path: '/no/such' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'backing up /no/such ended with exit code 1: there is no /no/such to back up' })
  expect(await world.preview(backup({ backupType: 'incremental' }))).toEqual([{ what: `backup of ${app}`, action: 'create', before: null, after: `full, in ${shop}` }])
  expect(await listed()).toEqual([])
})

test('a full disk leaves nothing that counts as a backup', async () => {
  await onSmallDisk(async (small) => {
    const { world, backup, app } = await machine()
    execFileSync('sh', ['-c', `head -c 3000000 /dev/urandom > '${app}/big'`])
    await expect(world.execute(backup({ backupDir: small }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('No space left on device') as string })
    expect(await readdir(join(small, 'shop'))).toEqual([])
  })
})

test('a worker killed inside a backup: there is one backup, and the next try gives it', async () => {
  const { world, home, backup, listed, app, shop } = await machine()
  execFileSync('sh', ['-c', `head -c 60000000 /dev/urandom > '${app}/big'`])
  const call = backup()
  await killedInside({ home, part: 'execute', call }, async () => (await readdir(shop).catch(() => [])).length > 0)
  const { outputs } = await world.execute(call, world.environment({ attempt: 2 }))
  expect((await listed()).map((name) => join(shop, name))).toEqual([outputs['backupPath']])
})

test('a worker killed inside a restore: the next one ends it', async () => {
  const { world, home, backup, app } = await machine()
  execFileSync('sh', ['-c', `head -c 60000000 /dev/urandom > '${app}/zzz'`])
  const call = backup({ restore: true })
  await world.execute(call)
  await writeFile(join(app, 'data'), 'two')
  await rm(join(app, 'zzz'))
  await killedInside({ home, part: 'rollback', undo: { call, snapshot: null } }, async () => await textOf(join(app, 'data')) === 'one')
  await world.rollback({ call, snapshot: null }, world.environment({ ...UNDO_ID, attempt: 2 }))
  expect((await textOf(join(app, 'zzz'))).length).toBeGreaterThan(1_000_000)
})

test('cleaning up keeps the newest versions, the one current points to and the one to go back to', async () => {
  const { world, cleanup, root } = await machine()
  const versions = join(root, 'app/releases')
  for (const [n, version] of ['1', '2', '3', '4', '5', '6'].entries()) {
    await mkdir(join(versions, version), { recursive: true })
    await utimes(join(versions, version), 1000 + n, 1000 + n)
  }
  await symlink('releases/1', join(root, 'app/current'))
  for (const version of ['2', '3']) await world.execute(callOf('script', { ...SHELL, stateDir: join(root, 'state'), version, updateScript: 'true', installScript: 'true' }))
  const config = { path: join(root, 'app'), keepVersions: 2 }
  expect((await world.preview(cleanup(config))).map(({ what, action }) => `${action} ${what}`)).toEqual(['delete version 4'])
  const { outputs } = await world.execute(cleanup(config))
  expect(outputs['removedVersions']).toEqual(['4'])
  expect((await readdir(versions)).sort()).toEqual(['1', '2', '3', '5', '6'])
})

test('cleaning up after a gitpull leaves what taking this release back needs', async () => {
  const { world, cleanup, root } = await machine()
  const repository = new GitRepository()
  const path = join(root, 'tree')
  const commits = ['1', '2', '3', '4'].map((version) => repository.commit(version, { version }))
  const calls = commits.map((commit) => callOf('gitpull', { ...SHELL, repository: repository.bare, path, commit, keep: 9, submodules: false, allowMovedTag: false }))
  const release = cleanup({ path, keepVersions: 1 })
  for (const [n, call] of calls.entries()) await world.execute({ ...call, release: { ...call.release, releaseId: n >= 2 ? release.release.releaseId : `r-${n}` } })
  await world.execute(release)
  expect((await readdir(join(path, 'releases'))).sort()).toEqual(commits.slice(1).sort())
})

test('old backups go if asked, those of this release and the version to go back to stay', async () => {
  const { world, backup, cleanup, listed, shop, root } = await machine()
  await world.execute(backup())
  await world.execute(backup())
  await world.execute(backup())
  for (const [n, version] of ['1', '2', '3', '4'].entries()) { // as spec 2's own update script leaves them
    await mkdir(join(shop, `day${n}`))
    await writeFile(join(shop, `day${n}/version.txt`), `${version}\n`)
    await utimes(join(shop, `day${n}`), 1000 + n, 1000 + n)
  }
  for (const version of ['1', '9']) await world.execute(callOf('script', { ...SHELL, stateDir: join(root, 'state'), version, updateScript: 'true', installScript: 'true' }))
  const { outputs } = await world.execute(cleanup({ path: root, cleanBackups: true, keepBackups: 1 }))
  expect((outputs['removedBackups'] as string[]).length).toBe(4)
  expect((await listed()).length).toBe(1)
  expect((await readdir(shop)).filter((name) => name.startsWith('day')).sort()).toEqual(['day0', 'day3'])
})
