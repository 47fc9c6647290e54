import { expect, test } from 'vitest'
import { portBinding, sizeBytes } from '../../activities/containers/container-spec.js'
import { registryLogin } from '../../activities/containers/registry-login.js'
import { containerName } from '../../activities/containers/service.js'
import { createEngines } from '../../activities/engines.js'
import { MemoryEngine } from '../../drivers/containers/memory.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import type { TargetRef } from '../../domain/target.js'
import { parseImage } from '../../domain/image-reference.js'
import { callOf } from './kind-world.js'

test.each([
  ['8080:80', 1, { address: '0.0.0.0', host: 8080, container: 80, protocol: 'tcp' }], ['8080:80', 3, { host: 8082 }], ['80', 2, { host: 0, container: 80 }],
  ['127.0.0.1:8080:80/udp', 1, { address: '127.0.0.1', host: 8080, protocol: 'udp' }], ['[::1]:8080:80', 1, { address: '::1', host: 8080 }], ['127.0.0.1::80', 1, { address: '127.0.0.1', host: 0, container: 80 }],
])('port %s of replica %i is %o', (text, n, binding) => { expect(portBinding(text, n)).toMatchObject(binding) })

test('images are read with and without registry, tag and digest', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(parseImage('nginx')).toEqual({ registry: 'docker.io', repository: 'nginx', tag: null, digest: null })
  expect(parseImage('localhost:5000/shop/web:1.0')).toEqual({ registry: 'localhost:5000', repository: 'localhost:5000/shop/web', tag: '1.0', digest: null })
  expect(parseImage(`ghcr.io/shop/web:1.0@${digest}`)).toEqual({ registry: 'ghcr.io', repository: 'ghcr.io/shop/web', tag: '1.0', digest })
  expect([parseImage(''), parseImage('a b'), parseImage('web@sha256:12')]).toEqual([null, null, null])
})

test('sizes and names come out as engines take them', () => {
  expect([sizeBytes('256m'), sizeBytes('1.5GiB'), sizeBytes('100')]).toEqual([268_435_456, 1_610_612_736, 100])
  const service = { tenant: 't', project: 'Größe & Co', environment: 'e', service: 'Größe & Co' }
  expect([containerName(service, '1.0.0+7', 2), containerName({ ...service, project: 'shop', service: 'web' }, 'v/1', 1)]).toEqual(['Gro-e-Co-1.0.0-7-2', 'shop-web-v-1-1'])
})

test('a login is given or read from a docker config.json, which is never quoted', () => {
  const auth = (text: string): object => ({ auth: Buffer.from(text).toString('base64') })
  const dockerConfig = JSON.stringify({ auths: { 'registry.test': auth('ann:geheim:1'), 'https://index.docker.io/v1/': auth('hub:pw') }, credsStore: 'pass' })
  expect(registryLogin('registry.test/a:1', { dockerConfig })).toEqual({ username: 'ann', password: 'geheim:1' })
  expect(registryLogin('nginx', { dockerConfig })).toEqual({ username: 'hub', password: 'pw' })
  expect(registryLogin('nginx', { username: 'a', password: 'b' })).toEqual({ username: 'a', password: 'b' })
  expect(registryLogin('nginx', undefined)).toBeNull()
  expect(() => registryLogin('ghcr.io/a', { dockerConfig })).toThrow(/credential helper "pass", which is not asked/)
  for (const bad of [{ dockerConfig: '{geheim' }, { username: 'a' }, { dockerConfig: '{"auths":{"docker.io":{"auth":"Z2VoZWlt"}}}' }]) expect(() => registryLogin('nginx', bad)).toThrow(/^(?!.*geheim).*registry/)
})

test('a job acts on the engine its config names, else its target\'s, else the installation\'s own', async () => {
  const made: EngineConnection[] = []
  const engines = createEngines({
    connect: (connection) => { made.push(connection); return new MemoryEngine() }, own: 'unix:///own.sock', resolveSecret: async (reference) => `secret of ${reference}`,
    ofTarget: async ({ target }) => target?.name === 'd1' ? { host: 'ssh://d1', ssh: { port: 22, user: 'root', agent: false, key: { from: 'file:/d1' } } } : null,
  })
  const { release } = callOf('container', {})
  const target = (name: string): TargetRef => ({ id: name, name, type: 'docker', via: 'direct', host: null, labels: {}, priority: 0 })
  await engines({ release, target: target('d1') }, { host: 'tcp://given:2376', tls: { ca: 'ca', cert: { from: 'file:/cert' }, key: 'key' } })
  const one = await engines({ release, target: target('d1') })
  const own = await engines({ release, target: null })
  expect(made).toEqual([
    { host: 'tcp://given:2376', tls: { ca: 'ca', cert: 'secret of file:/cert', key: 'key' } },
    { host: 'ssh://d1', ssh: { port: 22, user: 'root', agent: false, key: 'secret of file:/d1' } }, { host: 'unix:///own.sock' },
  ])
  expect([await engines({ release, target: target('d1') }) === one, await engines({ release, target: null }) === own, made.length]).toEqual([true, true, 3])
})
