import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf, until } from '../contract/hosts.js'
import { sharedComponent } from '../support/component.js'
import { onSmallDisk } from './full-disk.js'
import { GitRepository } from './git-repository.js'
import { killedInside, UNDO_ID } from './killed-inside.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

const ABSENT = 'a'.repeat(40)

async function machine(repository = new GitRepository()) {
  const path = await mkdtemp(join(tmpdir(), 'releasectl-app-'))
  const home = await mkdtemp(join(tmpdir(), 'releasectl-home-'))
  const world = await kindWorld({}, home === undefined ? {} : { home })
  const pull = (config: JsonObject = {}, more: Partial<JobCall> = {}): JobCall => {
    const call = callOf('gitpull', { repository: repository.bare, path, interpreter: '/bin/bash', environment: {}, keep: 5, submodules: false, allowMovedTag: false, ...config }, more)
    return { ...call, release: { ...call.release, releaseId: call.idempotencyKey.split('/')[0] ?? '' } }
  }
  return {
    path, home, world, repository, pull,
    current: async () => (await readlink(join(path, 'current')).catch(() => '')).replace('releases/', ''),
    version: async () => textOf(join(path, 'current/version')),
    releases: async () => (await readdir(join(path, 'releases'))).sort(),
  }
}

test('a branch\'s newest commit is put beside what runs, then current points to it', async () => {
  const { world, repository, pull, path, version, current } = await machine()
  const first = repository.commit('first', { version: '1' })
  expect(await world.execute(pull({ branch: 'main' }))).toMatchObject({ outputs: { commit: first, shortCommit: first.slice(0, 7), branch: 'main', message: 'first', previousCommit: null, installed: { version: first, previousVersion: null, operation: 'install' } } })
  expect(await readlink(join(path, 'current'))).toBe(`releases/${first}`)
  const second = repository.commit('second', { version: '2' })
  expect(await world.execute(pull())).toMatchObject({ outputs: { commit: second, previousCommit: first, installed: { version: second, previousVersion: first, operation: 'update' } }, message: expect.stringContaining(`from ${first.slice(0, 12)} to ${second.slice(0, 12)} second`) as string })
  expect([await version(), await current()]).toEqual(['2', second])
  expect(await textOf(join(path, 'releases', first, 'version'))).toBe('1')
})

test('taking back points to the exact commit before, checked out again when it is gone', async () => {
  const { world, repository, pull, path, version, current } = await machine()
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
  const { world, repository, pull, current } = await machine()
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
  const { world, repository, pull, current } = await machine()
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
  const { world, repository, pull, current } = await machine()
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
  const { world, repository, pull, current } = await machine()
  const first = repository.commit('first', { version: '1' })
  await world.execute(pull())
  await expect(world.execute(pull(config))).rejects.toMatchObject({ type, message: expect.stringMatching(message) as string })
  expect(await current()).toBe(first)
})

test('over HTTP a password reaches the server only: no file, log or message has it', async () => {
  const { folder, port } = await sharedComponent('git', ['TESTBED_GIT_PORT', 'TESTBED_GIT_SSH_PORT'])
  const repository = new GitRepository(join(folder, 'git/repos', `http-${Date.now()}.git`))
  const { world, pull, path, version } = await machine(repository)
  repository.commit('first', { version: '1' })
  const url = `127.0.0.1:${port['TESTBED_GIT_PORT']}/${repository.bare.split('/').at(-1)}`
  SECRETS['env:GIT_PASSWORD'] = 'deploy'
  SECRETS['env:GIT_WRONG'] = 'wrong-password'
  const auth = (reference: string): JsonObject => ({ username: 'deploy', password: { $late: [{ secret: reference }] } })
  const buildScript = 'env; cat .git/config'
  const { outputs } = await world.execute(pull({ repository: `http://${url}`, auth: auth('env:GIT_PASSWORD'), buildScript }))
  expect(await version()).toBe('1')
  expect(outputs['repository']).toBe(`http://${url}`)
  expect(world.logs.text('stdout')).toContain('GIT_MESSAGE=first')
  expect(world.logs.text('stdout')).not.toMatch(/PASSWORD/)
  repository.commit('second', { version: '2' })
  await world.execute(pull({ repository: `http://deploy:deploy@${url}` }))
  expect(await version()).toBe('2')
  expect((await readdir(join(path, '.releasectl'))).filter((name) => name.startsWith('secrets'))).toEqual([])
  expect(execFileSync('sh', ['-c', `grep -rE "deploy:|:deploy|wrong-password" ${path} || true`], { encoding: 'utf8' })).toBe('')
  await expect(world.execute(pull({ repository: `http://${url}`, auth: auth('env:GIT_WRONG') }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/Authentication failed for 'http:\/\/127/) as string })
  await expect(world.execute(pull({ repository: `http://${url}` }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('could not read Username') as string })
})

test('over SSH with a key, and only to a server that is known', async () => {
  const { folder, port } = await sharedComponent('git', ['TESTBED_GIT_PORT', 'TESTBED_GIT_SSH_PORT'])
  const repository = new GitRepository(join(folder, 'git/repos', `ssh-${Date.now()}.git`))
  const { world, pull, path, version } = await machine(repository)
  repository.commit('first', { version: '1' })
  const url = `ssh://root@127.0.0.1:${port['TESTBED_GIT_SSH_PORT']}${repository.bare}`
  SECRETS['env:GIT_KEY'] = await readFile(join(folder, 'git/ssh/client'), 'utf8')
  const knownHosts = await readFile(join(folder, 'git/ssh/known_hosts'), 'utf8')
  const sshKey = { $late: [{ secret: 'env:GIT_KEY' }] }
  await world.execute(pull({ repository: url, auth: { sshKey, knownHosts } }))
  expect(await version()).toBe('1')
  expect(execFileSync('sh', ['-c', `grep -rl "PRIVATE KEY" ${path} || true`], { encoding: 'utf8' })).toBe('')
  const otherHost = knownHosts.replace(/AAAA\S+/, (await readFile(join(folder, 'git/ssh/client.pub'), 'utf8')).split(' ')[1] ?? '')
  await expect(world.execute(pull({ repository: url, auth: { sshKey, knownHosts: otherHost } }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('Host key verification failed') as string })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(path, 'stranger')])
  SECRETS['env:GIT_STRANGER'] = await readFile(join(path, 'stranger'), 'utf8')
  await expect(world.execute(pull({ repository: url, auth: { sshKey: { $late: [{ secret: 'env:GIT_STRANGER' }] }, knownHosts } }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('Permission denied (publickey)') as string })
})

test('submodules come with it', async () => {
  const { world, repository, pull, path } = await machine()
  const library = new GitRepository()
  library.commit('library', { 'lib.txt': 'shared' })
  repository.commit('first', { version: '1' })
  repository.submodule('with library', library.bare, 'vendor/lib')
  await world.execute(pull({ submodules: true }))
  expect(await textOf(join(path, 'current/vendor/lib/lib.txt'))).toBe('shared')
})

test('old releases go, the one in force and the one before stay', async () => {
  const { world, repository, pull, releases } = await machine()
  const commits: string[] = []
  for (const version of ['1', '2', '3', '4']) {
    commits.push(repository.commit(`version ${version}`, { version }))
    await world.execute(pull({ keep: 1 }))
  }
  expect(await releases()).toEqual(commits.slice(2).sort())
})

test('operation rollback: to the release before, or to a commit that was in force', async () => {
  const { world, repository, pull, current } = await machine()
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
  const { world, repository, pull, path } = await machine()
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
  const { world, repository, pull, path } = await machine()
  repository.commit('first', { version: '1' })
  await world.execute(pull())
  const seen = new Set<string>()
  let reading = true
  const reader = (async () => { while (reading) seen.add(await readFile(join(path, 'current/version'), 'utf8')) })()
  for (const version of ['2', '3']) {
    repository.commit(`version ${version}`, { version })
    await world.execute(pull())
  }
  reading = false
  await reader
  expect([...seen]).toEqual(['1', '2', '3'])
})

test('a worker killed inside the build: the next one finds it and it ran once, at the commit settled on', async () => {
  const { world, home, repository, pull, path, current } = await machine()
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
  const { world, home, repository, pull, path, current } = await machine()
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
    const { world, repository, pull } = await machine()
    repository.commit('first', { version: '1' })
    await world.execute(pull({ path: small }))
    const before = await readlink(join(small, 'current'))
    repository.commit('second', { big: 'x'.repeat(100) })
    await fill()
    await expect(world.execute(pull({ path: small }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('No space left on device') as string })
    expect(await readlink(join(small, 'current'))).toBe(before)
  })
})
