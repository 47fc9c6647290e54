import { execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { textOf } from '../contract/hosts.js'
import { GitRepository } from './git-repository.js'
import { gitServer } from './git-server.js'
import { gitpullMachine } from './gitpull-machine.js'
import { SECRETS } from './kind-world.js'

test('over HTTP a password reaches the server only: no file, log or message has it', async () => {
  const { folder, port } = await gitServer()
  const repository = new GitRepository(join(folder, 'git/repos', `http-${Date.now()}.git`))
  const { world, pull, path, version } = await gitpullMachine(repository)
  repository.commit('first', { version: '1' })
  const url = `127.0.0.1:${port.HTTP}/${repository.bare.split('/').at(-1)}`
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
  const { folder, port } = await gitServer()
  const repository = new GitRepository(join(folder, 'git/repos', `ssh-${Date.now()}.git`))
  const { world, pull, path, version } = await gitpullMachine(repository)
  repository.commit('first', { version: '1' })
  const url = `ssh://root@127.0.0.1:${port.SSH}${repository.bare}`
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
  const { world, repository, pull, path } = await gitpullMachine()
  const library = new GitRepository()
  library.commit('library', { 'lib.txt': 'shared' })
  repository.commit('first', { version: '1' })
  repository.submodule('with library', library.bare, 'vendor/lib')
  await world.execute(pull({ submodules: true }))
  expect(await textOf(join(path, 'current/vendor/lib/lib.txt'))).toBe('shared')
})

test('a submodule on another server is not told the password', async () => {
  const { folder, port } = await gitServer()
  const repository = new GitRepository(join(folder, 'git/repos', `modules-${Date.now()}.git`))
  const { world, pull } = await gitpullMachine(repository)
  const told: (string | undefined)[] = []
  const stranger = createServer((request, response) => {
    told.push(request.headers.authorization)
    response.writeHead(401, { 'www-authenticate': 'Basic realm="stranger"' }).end()
  })
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  try {
    const library = new GitRepository()
    library.commit('library', { 'lib.txt': 'shared' })
    repository.submodule('with library', library.bare, 'lib')
    repository.commit('elsewhere', { '.gitmodules': `[submodule "lib"]\n\tpath = lib\n\turl = http://127.0.0.1:${(stranger.address() as AddressInfo).port}/lib.git\n` })
    await expect(world.execute(pull({ repository: `http://deploy:deploy@127.0.0.1:${port.HTTP}/${repository.bare.split('/').at(-1)}`, submodules: true }))).rejects.toMatchObject({ type: 'TARGET_REFUSED' })
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((header) => header !== undefined)).toEqual([])
  } finally { stranger.close() }
})
