import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { DockerEngine } from '../../drivers/containers/docker.js'
import { fingerprint } from '../../drivers/containers/host-key.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import { freePort } from '../testbed/component.js'
import { dockerComponent, dockerWorld } from './containers-world.js'
import { containerContract } from './containers.js'

const quiet = { progress: () => undefined }
const LOGIN = { username: 'release', password: 'testbed-password' }
let docker: Awaited<ReturnType<typeof dockerComponent>>
const port = (name: string): number => docker.port[name] ?? 0
const pem = async (name: string): Promise<string> => readFile(join(docker.folder, 'docker/tls', `${name}.pem`), 'utf8')
const sshFile = async (name: string): Promise<string> => readFile(join(docker.folder, 'docker/ssh', name), 'utf8')
const overTls = async (): Promise<EngineConnection> => ({ host: `tcp://127.0.0.1:${port('TESTBED_DOCKER_TLS_PORT')}`, tls: { ca: await pem('ca'), cert: await pem('cert'), key: await pem('key') } })
const overSsh = async (more: EngineConnection['ssh'] = {}): Promise<EngineConnection> => ({
  host: `ssh://root@127.0.0.1:${port('TESTBED_DOCKER_SSH_PORT')}${docker.socket}`, ssh: { key: await sshFile('id_ed25519'), knownHosts: await sshFile('known_hosts'), ...more },
})
beforeAll(async () => {
  docker = await dockerComponent()
  await docker.sample('app:v1')
})

containerContract('Docker over SSH', () => dockerWorld(() => overSsh()))

test('an engine over TLS is the engine it should be, and knows who we are', async () => {
  const engine = new DockerEngine(await overTls())
  expect((await engine.about()).version).toMatch(/^\d+\./)
  expect(await engine.list({})).toEqual(await new DockerEngine({ host: `unix://${docker.socket}` }).list({}))
  const stranger = await overTls()
  await expect(new DockerEngine({ ...stranger, tls: { ca: await pem('ca'), cert: await pem('server'), key: await pem('server-key') } }).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('no trust between us') as string })
  await expect(new DockerEngine({ ...stranger, tls: { ca: await pem('cert'), cert: await pem('cert'), key: await pem('key') } }).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('no trust between us') as string })
  await expect(new DockerEngine({ host: stranger.host }).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('HTTPS') as string })
})

test('a host over SSH whose key is not the known one is refused before anything is told', async () => {
  const key = Buffer.from((await sshFile('host.pub')).split(' ')[1] ?? '', 'base64')
  await expect(new DockerEngine(await overSsh({ hostKey: fingerprint(key) })).about()).resolves.toHaveProperty('version')
  await expect(new DockerEngine(await overSsh({ hostKey: 'SHA256:somethingelse' })).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(`shows host key ${fingerprint(key)}, not SHA256:somethingelse`) as string })
  await expect(new DockerEngine(await overSsh({ knownHosts: '' })).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('is not known: give hostKey or knownHosts') as string })
  const other = (await sshFile('id_ed25519.pub')).split(' ').slice(0, 2).join(' ')
  await expect(new DockerEngine(await overSsh({ knownHosts: `[127.0.0.1]:${port('TESTBED_DOCKER_SSH_PORT')} ${other}` })).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('the host key has changed') as string })
})

test('a login that SSH does not let in, and a socket that is not there, are told as such', async () => {
  await expect(new DockerEngine(await overSsh({ key: await sshFile('host') })).about()).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('does not let root log in') as string })
  const connection = await overSsh()
  await expect(new DockerEngine({ ...connection, host: connection.host.replace('docker.sock', 'none.sock') }).about()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('none.sock') as string })
  await expect(new DockerEngine({ ...connection, host: `ssh://root@127.0.0.1:${await freePort()}` }).about()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
})

test('a registry that asks for a login gets it, and its no to a wrong one is told without the password', async () => {
  const engine = new DockerEngine({ host: `unix://${docker.socket}` })
  const image = `localhost:${port('TESTBED_LOGIN_REGISTRY_PORT')}/app:v1`
  const digest = await engine.resolve(image, LOGIN)
  expect(digest).toBe(await engine.resolve(`${docker.registry}/app:v1`, null)) // both serve the same storage
  expect((await engine.pull(image.replace(':v1', `@${digest}`), LOGIN, quiet)).digests).toContain(image.replace(':v1', `@${digest}`))
  for (const login of [null, { ...LOGIN, password: 'wrong-password' }]) {
    for (const call of [() => engine.resolve(image, login), () => engine.pull(image, login, quiet)]) {
      const error: unknown = await call().then(() => null, (reason: unknown) => reason)
      expect(error).toMatchObject({ type: 'TARGET_REFUSED', nonRetryable: true, message: expect.stringMatching(/app:v1.*the registry does not let this login in/) as string })
      expect(String(error)).not.toContain('wrong-password')
    }
  }
})

test('a registry that does not answer is asked again another time', async () => {
  const engine = new DockerEngine({ host: `unix://${docker.socket}` })
  const gone = `localhost:${await freePort()}/app:v1`
  for (const call of [() => engine.resolve(gone, null), () => engine.pull(gone, null, quiet)]) {
    await expect(call()).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringContaining('connection refused') as string })
  }
})
