import { execFileSync } from 'node:child_process'
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { textOf } from '../contract/hosts.js'
import { onSmallDisk } from './full-disk.js'
import { gitpullMachine } from './gitpull-machine.js'
import { killedInside, UNDO_ID } from './killed-inside.js'

const ABSENT = 'a'.repeat(40)

test('a branch\'s newest commit is put beside what runs, then current points to it', async () => {
  const { world, repository, pull, path, version, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  expect(await world.execute(pull({ branch: 'main' }))).toMatchObject({ outputs: { commit: first, shortCommit: first.slice(0, 7), branch: 'main', message: 'first', previousCommit: null, installed: { version: first, previousVersion: null, operation: 'install' } } })
  expect(await readlink(join(path, 'current'))).toBe(`releases/${first}`)
  const second = repository.commit('second', { version: '2' })
  expect(await world.execute(pull())).toMatchObject({ outputs: { commit: second, previousCommit: first, installed: { version: second, previousVersion: first, operation: 'update' } }, message: expect.stringContaining(`from ${first.slice(0, 12)} to ${second.slice(0, 12)} second`) as string })
  expect([await version(), await current()]).toEqual(['2', second])
  expect(await textOf(join(path, 'releases', first, 'version'))).toBe('1')
})

test('taking back points to the exact commit before, checked out again when it is gone', async () => {
  const { world, repository, pull, path, version, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  const build = { buildScript: 'cat version > built' }
  await world.execute(pull(build))
  repository.commit('second', { version: '2' })
  const call = pull({ ...build, afterScript: `echo after $GIT_COMMIT >> ${path}/log`, rollbackScript: `echo back $GIT_COMMIT >> ${path}/log` })
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  await rm(join(path, 'releases', first), { recursive: true })
  await rm(join(path, '.releasectl/complete', first))
  await world.rollback({ call, snapshot })
  expect([await version(), await current(), await textOf(join(path, 'current/built'))]).toEqual(['1', first, '1'])
  expect((await textOf(join(path, 'log'))).trim().split('\n').at(-1)).toBe(`back ${first}`)
})

test('a first deployment that is taken back leaves no current; one that never switched leaves what was', async () => {
  const { world, repository, pull, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  const call = pull()
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  await world.rollback({ call, snapshot })
  expect(await current()).toBe('')
  await world.execute(pull())
  repository.commit('second', { version: '2' })
  const failing = pull({ buildScript: 'echo broken >&2; exit 3' })
  const before = await world.snapshot(failing)
  await expect(world.execute(failing)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'build_script ended with exit code 3:\nbroken' })
  expect(await current()).toBe(first)
  await world.rollback({ call: failing, snapshot: before })
  expect(await current()).toBe(first)
})

test('what another release put in force since is left as it is', async () => {
  const { world, repository, pull, current } = await gitpullMachine()
  repository.commit('first', { version: '1' })
  const call = pull()
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  const second = repository.commit('second', { version: '2' })
  await world.execute(pull())
  await expect(world.rollback({ call, snapshot })).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('since, and is left so') as string })
  expect(await current()).toBe(second)
})

test('tags, whole and short commits, and a shallow fetch; a tag that moved is refused unless the plan allows it', async () => {
  const { world, repository, pull, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  const second = repository.commit('second', { version: '2' })
  repository.tag('v1', first)
  await world.execute(pull({ tag: 'v1', depth: 1, repository: `file://${repository.bare}` }))
  expect(await current()).toBe(first)
  await world.execute(pull({ commit: second.slice(0, 9) }))
  expect(await current()).toBe(second)
  await world.execute(pull({ commit: first }))
  repository.tag('v1', second)
  await expect(world.execute(pull({ tag: 'v1' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining(`tag v1 was ${first} here and is ${second} at the remote`) as string })
  expect(await current()).toBe(first)
  await world.execute(pull({ tag: 'v1', allowMovedTag: true }))
  expect(await current()).toBe(second)
})

test.each<[string, JsonObject, string, RegExp]>([
  ['a branch that is not there', { branch: 'nope' }, 'TARGET_REFUSED', /branch nope of .*couldn't find remote ref refs\/heads\/nope/s],
  ['a tag that is not there', { tag: 'v9' }, 'TARGET_REFUSED', /couldn't find remote ref refs\/tags\/v9/],
  ['a commit that is not there', { commit: ABSENT }, 'TARGET_REFUSED', /the repository has no commit aaaa/],
  ['a repository that is not there', { repository: '/no/such/repository.git' }, 'TARGET_REFUSED', /does not appear to be a git repository/],
  ['a server that does not answer', { repository: 'http://127.0.0.1:1/app.git' }, 'TARGET_UNREACHABLE', /Failed to connect to 127\.0\.0\.1 port 1/],
])('%s is a failure in the remote\'s words', async (_, config, type, message) => {
  const { world, repository, pull, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  await world.execute(pull())
  await expect(world.execute(pull(config))).rejects.toMatchObject({ type, message: expect.stringMatching(message) as string })
  expect(await current()).toBe(first)
})

test('old releases go, the one in force and the one before stay', async () => {
  const { world, repository, pull, releases } = await gitpullMachine()
  const commits: string[] = []
  for (const version of ['1', '2', '3', '4']) {
    commits.push(repository.commit(`version ${version}`, { version }))
    await world.execute(pull({ keep: 1 }))
  }
  expect(await releases()).toEqual(commits.slice(2).sort())
})

test('operation rollback: to the release before, or to a commit that was in force', async () => {
  const { world, repository, pull, current } = await gitpullMachine()
  const commits = ['1', '2', '3'].map((version) => repository.commit(`version ${version}`, { version }))
  for (const commit of commits) await world.execute(pull({ commit }))
  const [first = '', second = ''] = commits
  expect(await world.preview(pull({ operation: 'rollback' }))).toMatchObject([{ action: 'update', after: second.slice(0, 12) }])
  expect((await world.execute(pull({ operation: 'rollback' }))).outputs['installed']).toMatchObject({ version: second, operation: 'rollback' })
  await world.execute(pull({ operation: 'rollback', version: first.slice(0, 8) }))
  expect(await current()).toBe(first)
  await expect(world.execute(pull({ operation: 'rollback' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('has no release before') as string })
  await expect(world.execute(pull({ operation: 'rollback', version: ABSENT }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('never was in force') as string })
})

test('a dry run tells both commits and how far they are apart, and touches nothing', async () => {
  const { world, repository, pull, path } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  expect(await world.preview(pull())).toEqual([{ what: `${path}/current`, action: 'create', before: null, after: `${first.slice(0, 12)} first` }])
  expect(await readdir(path)).toEqual([])
  await world.execute(pull())
  repository.commit('second', { version: '2' })
  const third = repository.commit('third', { version: '3' })
  expect(await world.preview(pull())).toEqual([{ what: `${path}/current`, action: 'update', before: first.slice(0, 12), after: `${third.slice(0, 12)} third, 2 commits on` }])
  expect(execFileSync('git', ['--git-dir', join(path, '.releasectl/mirror.git'), 'cat-file', '-e', first], { encoding: 'utf8' })).toBe('')
  expect(() => execFileSync('git', ['--git-dir', join(path, '.releasectl/mirror.git'), 'cat-file', '-e', third], { stdio: 'ignore' })).toThrow()
})

test('whoever reads through current finds a whole release at every moment', async () => {
  const { world, repository, pull, path } = await gitpullMachine()
  repository.commit('first', { version: '1' })
  await world.execute(pull())
  const seen = new Set<string>()
  const reading = new AbortController()
  const reader = (async () => { while (!reading.signal.aborted) seen.add(await readFile(join(path, 'current/version'), 'utf8')) })()
  for (const version of ['2', '3']) {
    repository.commit(`version ${version}`, { version })
    await world.execute(pull())
  }
  reading.abort()
  await reader
  expect([...seen]).toEqual(['1', '2', '3'])
})

test('a worker killed inside the build: the next one finds it and it ran once, at the commit settled on', async () => {
  const { world, home, repository, pull, path, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  const call = pull({ buildScript: `echo build >> ${path}/log; until [ -e ${path}/go ]; do sleep 0.05; done` })
  await killedInside({ home, part: 'execute', call }, async () => (await textOf(join(path, 'log'))).includes('build'))
  repository.commit('second', { version: '2' })
  const again = world.execute(call, world.environment({ attempt: 2 }))
  await writeFile(join(path, 'go'), '')
  expect((await again).outputs['commit']).toBe(first)
  expect(await current()).toBe(first)
  expect(await textOf(join(path, 'log'))).toBe('build\n')
})

test('a worker killed inside an undo: the next one goes on, and the old commit is in force', async () => {
  const { world, home, repository, pull, path, current } = await gitpullMachine()
  const first = repository.commit('first', { version: '1' })
  await world.execute(pull())
  repository.commit('second', { version: '2' })
  const call = pull({ rollbackScript: `echo back >> ${path}/log; until [ -e ${path}/go ]; do sleep 0.05; done` })
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  await killedInside({ home, part: 'rollback', undo: { call, snapshot } }, async () => (await textOf(join(path, 'log'))).includes('back'))
  const again = world.rollback({ call, snapshot }, world.environment({ ...UNDO_ID, attempt: 2 }))
  await writeFile(join(path, 'go'), '')
  await again
  expect(await current()).toBe(first)
  expect(await textOf(join(path, 'log'))).toBe('back\n')
})

test('a full disk fails with its own words and leaves current as it was', async () => {
  await onSmallDisk(async (small, fill) => {
    const { world, repository, pull } = await gitpullMachine()
    repository.commit('first', { version: '1' })
    await world.execute(pull({ path: small }))
    const before = await readlink(join(small, 'current'))
    repository.commit('second', { big: 'x'.repeat(100) })
    await fill()
    await expect(world.execute(pull({ path: small }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('No space left on device') as string })
    expect(await readlink(join(small, 'current'))).toBe(before)
  })
})
